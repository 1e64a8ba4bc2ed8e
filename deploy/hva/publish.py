"""`hva publish`: the services publish the current figures immediately."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from deploy.hva.context import AsJson, Dir, VerbError, plural, resolve
from deploy.hva.keys import period_days
from deploy.hva.output import print_data, print_text

if TYPE_CHECKING:
    import asyncpg
    from rich.progress import Progress

FAMILIES: Final = ("nps", "fcr", "segments")
PAUSE_S: Final = 0.2
_REQUEST: Final = "insert into {family}.publication_request (county, year) values ($1, $2) returning request"
_STATE: Final = "select started_at, ended_at, done, total, failed from {family}.publication_request where request = $1"

Found = Mapping[str, Mapping[str, Any]]
"""The result of the request of each family."""


def register(app: typer.Typer) -> None:
    @app.command()
    def publish(
        county: Annotated[str | None, typer.Option(help="Only this one [default: all]")] = None,
        period: Annotated[
            str | None, typer.Option(help="Only the year that this period is in: 2026-03, 2026Q1, 2026 [default: all]")
        ] = None,
        timeout: Annotated[float, typer.Option(metavar="S", min=0, help="Seconds to wait at most")] = 3600.0,
        json: AsJson = False,
        dir: Dir = None,
    ) -> None:
        """Publish the current figures under disclosure control, and wait until they are published.

        All periods of a calendar year of a county are published at once.
        """
        year = period_days(period)[0].year if period else None
        found = asyncio.run(request_publication(resolve(dir).postgres_steward, county, year, timeout))
        _print(found, json)


async def request_publication(
    dsn: str, county: str | None, year: int | None, seconds: float, families: Sequence[str] = FAMILIES
) -> Found:
    """Request a publication from each family by a row in its table, and follow the progress. Raises VerbError."""
    import asyncpg

    deadline = time.monotonic() + seconds
    connection = await asyncpg.connect(dsn)
    try:
        requests = {f: await connection.fetchval(_REQUEST.format(family=f), county, year) for f in families}
        with _bar(families) as bar:
            while True:
                found = {family: await _state(connection, family, request) for family, request in requests.items()}
                _show(bar, found)
                if all(state["ended_at"] for state in found.values()):
                    break
                if time.monotonic() >= deadline:
                    raise VerbError(_unfinished(found))
                await asyncio.sleep(PAUSE_S)
    finally:
        await connection.close()
    if failed := {family: state["failed"] for family, state in found.items() if state["failed"]}:
        words = ", ".join(f"{family} ({kind})" for family, kind in failed.items())
        raise VerbError(f"Not published: {words}. The previous publication stays. See the log of the service.")
    return found


async def _state(connection: "asyncpg.Connection[asyncpg.Record]", family: str, request: int) -> dict[str, Any]:
    row = await connection.fetchrow(_STATE.format(family=family), request)
    assert row is not None
    return dict(row)


def _bar(families: Sequence[str]) -> AbstractContextManager["Progress"]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    bar = Progress(console=console, disable=not console.is_terminal, transient=True)
    for family in families:
        bar.add_task(family, total=None)
    return bar


def _show(bar: "Progress", found: Found) -> None:
    for task, state in zip(bar.task_ids, found.values(), strict=True):
        bar.update(task, total=state["total"], completed=state["done"])


def _unfinished(found: Found) -> str:
    open_ = {family: state for family, state in found.items() if not state["ended_at"]}
    words = ", ".join(
        f"{family} has done {state['done']} of {state['total']}" if state["started_at"] else f"{family} has not started"
        for family, state in open_.items()
    )
    return f"Not everything is published yet: {words}. Are the services up? The request stays stored."


def _print(found: Found, as_json: bool) -> None:
    if as_json:
        import orjson

        print_data(orjson.dumps(found).decode())
        return
    if not any(state["total"] for state in found.values()):
        raise VerbError("There is nothing to publish: no figures of this county and period.")
    for family, state in found.items():
        seconds = (state["ended_at"] - state["started_at"]).total_seconds()
        print_text(f"{family}: published {plural(state['total'], 'county-year')} ({seconds:.1f} s).")
