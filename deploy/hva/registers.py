"""`hva registers`: shows the register versions of the folder and the database, and loads the folder."""

import asyncio
from typing import Annotated, Any

import typer

from deploy.hva.context import AsJson, Connection, Dir, VerbError, resolve
from deploy.hva.output import print_data, print_text

_HISTORY = """
select version, first_loaded_at, loaded_at from reference.register_history order by loaded_at desc limit 20
"""
Force = Annotated[bool, typer.Option("--force", help="Load the folder even if a later version superseded it")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="List register versions, or load the registers manually.", no_args_is_help=True)
    app.add_typer(group, name="registers")

    @group.command()
    def versions(as_json: AsJson = False, dir: Dir = None) -> None:
        """List the last 20 versions loaded into the database; mark those of the database and the folder."""
        rows = asyncio.run(_versions(resolve(dir)))
        if as_json:
            import orjson

            print_data(orjson.dumps(rows).decode())
            return
        for row in rows:
            marks = [name for name in ("database", "folder") if row[name]]
            first = f"{row['first_loaded_at']:%Y-%m-%d %H:%M:%S}" if row["first_loaded_at"] else "never loaded"
            print_text(f"{row['version']}  {first}  {', '.join(marks)}".rstrip())

    @group.command()
    def load(force: Force = False, dir: Dir = None) -> None:
        """Load the folder into the database. Services do this automatically; --force restores a superseded version."""
        print_text(asyncio.run(_load(resolve(dir), force)))


async def _versions(connection: Connection) -> list[dict[str, Any]]:
    from shared.postgres.registers import current_version

    ours = _folder(connection).version
    database = await _connect(connection)
    try:
        current = await current_version(database)
        rows = [dict(row) for row in await database.fetch(_HISTORY)]
    finally:
        await database.close()
    if ours not in {row["version"] for row in rows}:
        rows.insert(0, {"version": ours, "first_loaded_at": None, "loaded_at": None})
    return [{**row, "database": row["version"] == current, "folder": row["version"] == ours} for row in rows]


async def _load(connection: Connection, force: bool) -> str:
    """Load and return a sentence. Raises VerbError when the version is superseded and not forced."""
    from shared.postgres.registers import current_version, load

    registers = _folder(connection)
    database = await _connect(connection)
    try:
        current = await current_version(database)
        if await load(database, registers, replaces=current if force else None):
            return f"The database now holds version {registers.version}."
        if await current_version(database) == registers.version:
            return f"The database already holds version {registers.version}."
    finally:
        await database.close()
    raise VerbError(f"Version {registers.version} is superseded by {current}: use --force to load it anyway.")


def _folder(connection: Connection) -> Any:
    """The registers of the folder. Raises VerbError when they are invalid."""
    from shared.registers import RegisterError, load_folder

    try:
        return load_folder(connection.config_dir)
    except RegisterError as error:
        raise VerbError(str(error)) from None


async def _connect(connection: Connection) -> Any:
    import asyncpg

    return await asyncpg.connect(connection.postgres_steward)
