"""`hva narrative`: what people write about an objective in a quarter."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.hva.context import AsJson, Dir, resolve
from deploy.hva.names import Lang

if TYPE_CHECKING:
    from deploy.hva.statements import Quarter, Statement


def register(app: typer.Typer) -> None:
    @app.command(epilog="Example: hva narrative 2026Q1 --objective ensikontakti --lang fi --file ensikontakti.fi.md")
    def narrative(
        quarter: Annotated[str, typer.Argument(metavar="QUARTER", help="For instance 2026Q1; it must have begun")],
        objective: Annotated[str, typer.Option(metavar="ID", help="An id of the objectives of key_results.yaml")],
        lang: Annotated[Lang | None, typer.Option(help="The language of the text")] = None,
        file: Annotated[
            Path | None, typer.Option(metavar="F", help="Markdown of up to 20,000 characters; - is standard input")
        ] = None,
        by: Annotated[str, typer.Option(metavar="ROLE", help="Who says it: a role, not a name")] = "steward",
        county: Annotated[str | None, typer.Option(help="Where several counties have this objective")] = None,
        history: Annotated[bool, typer.Option("--history", help="List all that was written, newest first")] = False,
        json: AsJson = False,
        dir: Dir = None,
    ) -> None:
        """Add the text of the report on an objective in a quarter, in one language. The newest one counts, and all are
        kept.
        """
        from deploy.hva.statement_text import MAX_NARRATIVE, checked_role, read_statement
        from deploy.hva.statements import begun_quarter, print_statements
        from shared.clock import system_clock
        from shared.registers.calendar import local_day

        of = begun_quarter(quarter, local_day(system_clock()))
        if history:
            if file:
                raise typer.BadParameter("--history only lists: leave out --file")
            found = asyncio.run(_history(resolve(dir).postgres_steward, objective, of, county))
            print_statements([each for each in found if lang is None or each.language == lang.value], json)
            return
        if lang is None or file is None:
            raise typer.BadParameter("--lang and --file are needed, or --history")
        role, text = checked_role(by), read_statement("--file", file, MAX_NARRATIVE)
        dsn = resolve(dir).postgres_steward
        stored = asyncio.run(_add(dsn, objective, of, county, lang.value, role, text))
        print_statements([stored], json)


async def _add(
    dsn: str, objective: str, quarter: "Quarter", county: str | None, language: str, role: str, text: str
) -> "Statement":
    import asyncpg

    from deploy.hva.statements import add_narrative, county_of_objective

    connection = await asyncpg.connect(dsn)
    try:
        found = await county_of_objective(connection, objective, county, quarter)
        return await add_narrative(connection, found, objective, quarter, language, role, text)
    finally:
        await connection.close()


async def _history(dsn: str, objective: str, quarter: "Quarter", county: str | None) -> "list[Statement]":
    import asyncpg

    from deploy.hva.statements import narratives

    connection = await asyncpg.connect(dsn)
    try:
        return await narratives(connection, objective, quarter, county)
    finally:
        await connection.close()
