"""`hva close`: fix what is published of a period as an edition."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.hva.context import AsJson, Dir, plural, resolve
from deploy.hva.output import print_data, print_text
from deploy.hva.publish import request_publication

if TYPE_CHECKING:
    from deploy.hva.closing import Edition, Period


def register(app: typer.Typer) -> None:
    @app.command()
    def close(
        period: Annotated[str, typer.Argument(metavar="PERIOD", help="2026-03, 2026Q1 or 2026; it must have ended")],
        county: Annotated[str | None, typer.Option(help="Only this one [default: all]")] = None,
        by: Annotated[str, typer.Option(metavar="ROLE", help="Who closes it: a role, not a name")] = "steward",
        note: Annotated[str | None, typer.Option(help="A remark, for instance a decision")] = None,
        timeout: Annotated[float, typer.Option(metavar="S", min=0, help="Seconds to wait at most")] = 3600.0,
        json: AsJson = False,
        dir: Dir = None,
    ) -> None:
        """Publish a period that has ended, and store its published rows as the next edition.

        An edition is never changed or removed. What changes afterwards: `hva restatements`.
        """
        from deploy.hva.closing import period_to_close
        from deploy.hva.statement_text import checked_role, refuse_codes
        from shared.clock import system_clock

        role = checked_role(by)
        if note is not None:
            refuse_codes("--note", note)
        now = system_clock()
        to_close = period_to_close(period, now)
        editions = asyncio.run(_close(resolve(dir).postgres_steward, to_close, county, role, note, timeout, now))
        _print(editions, json)


async def _close(
    dsn: str, period: "Period", county: str | None, by: str, note: str | None, seconds: float, now: datetime
) -> "list[Edition]":
    from deploy.hva.closing import close, connect, counties_to_close

    async def publish(county: str, year: int, families: Sequence[str]) -> None:
        await request_publication(dsn, county, year, seconds, families)

    connection = await connect(dsn)
    try:
        return [
            await close(connection, each, period, by, note, publish, now)
            for each in await counties_to_close(connection, county)
        ]
    finally:
        await connection.close()


def _print(editions: "list[Edition]", as_json: bool) -> None:
    if as_json:
        import orjson

        print_data(orjson.dumps(editions).decode())
        return
    for edition in editions:
        print_text(
            f"{edition.county}: {edition.period} is closed, edition {edition.edition} ({plural(edition.rows, 'row')})."
        )
