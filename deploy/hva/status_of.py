"""`hva status-of`: what people say of a key result in a quarter."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.hva.context import AsJson, Dir, resolve

if TYPE_CHECKING:
    from deploy.hva.statements import Quarter, Statement


class Status(StrEnum):
    """What people can say of a key result."""

    PLANNED = "planned"
    CHALLENGES = "challenges"
    SUPPORT = "support"


def register(app: typer.Typer) -> None:
    @app.command(
        epilog="Example: hva status-of monialainen-nps 2026Q1 --as challenges --by kehitysjohtaja --comment-file c.txt"
    )
    def status_of(
        key_result: Annotated[str, typer.Argument(metavar="KEY_RESULT", help="An id of key_results.yaml")],
        quarter: Annotated[str, typer.Argument(metavar="QUARTER", help="For instance 2026Q1; it must have begun")],
        status: Annotated[
            Status | None,
            typer.Option("--as", help="planned: as planned; challenges: being solved; support: help is needed"),
        ] = None,
        by: Annotated[str | None, typer.Option(metavar="ROLE", help="Who says it: a role, not a name")] = None,
        comment_file: Annotated[
            Path | None, typer.Option(metavar="F", help="A comment of up to 4,000 characters; - is standard input")
        ] = None,
        county: Annotated[str | None, typer.Option(help="Where several counties have this id")] = None,
        history: Annotated[bool, typer.Option("--history", help="List all that was said, newest first")] = False,
        json: AsJson = False,
        dir: Dir = None,
    ) -> None:
        """Say how a key result does in a quarter. The newest statement counts, and all are kept.

        The report shows the status apart from the computed value, which does not depend on it.
        """
        from deploy.hva.statement_text import MAX_COMMENT, checked_role, read_statement
        from deploy.hva.statements import begun_quarter, print_statements
        from shared.clock import system_clock
        from shared.registers.calendar import local_day

        of = begun_quarter(quarter, local_day(system_clock()))
        if history:
            if status or by or comment_file:
                raise typer.BadParameter("--history only lists: leave out --as, --by and --comment-file")
            print_statements(asyncio.run(_history(resolve(dir).postgres_steward, key_result, of, county)), json)
            return
        if status is None or by is None:
            raise typer.BadParameter("--as and --by are needed, or --history")
        role = checked_role(by)
        comment = read_statement("--comment-file", comment_file, MAX_COMMENT) if comment_file else None
        dsn = resolve(dir).postgres_steward
        stored = asyncio.run(_add(dsn, key_result, of, county, status.value, role, comment))
        print_statements([stored], json)


async def _add(
    dsn: str, id: str, quarter: "Quarter", county: str | None, status: str, role: str, comment: str | None
) -> "Statement":
    import asyncpg

    from deploy.hva.statements import add_status, county_of_key_result

    connection = await asyncpg.connect(dsn)
    try:
        found = await county_of_key_result(connection, id, county, quarter)
        return await add_status(connection, found, id, quarter, status, role, comment)
    finally:
        await connection.close()


async def _history(dsn: str, id: str, quarter: "Quarter", county: str | None) -> "list[Statement]":
    import asyncpg

    from deploy.hva.statements import statuses

    connection = await asyncpg.connect(dsn)
    try:
        return await statuses(connection, id, quarter, county)
    finally:
        await connection.close()
