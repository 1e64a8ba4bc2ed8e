"""`hva deadletters`: list, show, redrive or discard rejected records."""

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.hva.context import AsJson, Connection, Dir, VerbError, plural, resolve
from deploy.hva.output import print_data, print_text
from shared.contracts.reasons import Reason

if TYPE_CHECKING:
    import asyncpg

_MAX_ID = 2**63 - 1  # of a bigint column
COLUMNS = (
    'id as letter, topic, "partition", "offset", reason, detail, source, state, attempts, first_seen, payload_bytes'
)

DeadLetterIds = Annotated[
    list[str] | None, typer.Argument(metavar="ID...", help="Ids of dead letters as listed, for instance ingest-12")
]
OfReason = Annotated[Reason | None, typer.Option(help="Only dead letters of this reason")]
All = Annotated[bool, typer.Option("--all", help="All open dead letters (of --reason)")]


class State(StrEnum):
    """Values of `list --state`."""

    OPEN = "open"
    REDRIVE = "redrive"
    RESOLVED = "resolved"
    DISCARDED = "discarded"
    ALL = "all"


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="List, show, redrive or discard rejected records.", no_args_is_help=True)
    app.add_typer(group, name="deadletters")

    @group.command(name="list")
    def list_dead_letters(
        reason: OfReason = None,
        state: Annotated[State, typer.Option(help="Only dead letters in this state, or all")] = State.OPEN,
        limit: Annotated[int, typer.Option(min=1, max=1_000_000)] = 100,
        json: AsJson = False,
        dir: Dir = None,
    ) -> None:
        """List dead letters, newest first."""
        _print_list(asyncio.run(_list(resolve(dir), reason, state, limit)), json)

    @group.command()
    def show(
        dead_letter: Annotated[str, typer.Argument(help="Id as listed, for instance ingest-12")],
        json: AsJson = False,
        dir: Dir = None,
    ) -> None:
        """Show one dead letter with its record. The record may hold personal data: mind who can see your screen."""
        _print_dead_letter(asyncio.run(_show(resolve(dir), dead_letter)), json)

    @group.command()
    def redrive(dead_letters: DeadLetterIds = None, all: All = False, reason: OfReason = None, dir: Dir = None) -> None:
        """Process dead letters again with the current code and registers. Those that fail again stay open."""
        count = asyncio.run(_mark(resolve(dir), dead_letters or [], all, reason, "redrive"))
        _check_all_open(count, dead_letters)
        print_text(f"{plural(count, 'dead letter')} will be processed again.")

    @group.command()
    def discard(dead_letters: DeadLetterIds = None, all: All = False, reason: OfReason = None, dir: Dir = None) -> None:
        """Close dead letters without processing them. They stay stored until HVA_LETTER_DAYS removes them."""
        count = asyncio.run(_mark(resolve(dir), dead_letters or [], all, reason, "discarded"))
        _check_all_open(count, dead_letters)
        print_text(f"{plural(count, 'dead letter')} discarded.")


def _check_all_open(count: int, dead_letters: list[str] | None) -> None:
    """Raises VerbError where a named dead letter is not open."""
    if dead_letters and count < len(set(dead_letters)):
        raise VerbError(
            f"{count} of {len(set(dead_letters))} dead letters were open; the others do not exist or are closed."
        )


async def _connect(connection: Connection) -> "asyncpg.Connection[asyncpg.Record]":
    import asyncpg

    return await asyncpg.connect(connection.postgres_steward)


async def _list(connection: Connection, reason: Reason | None, state: State, limit: int) -> list[dict[str, Any]]:
    from deploy.embedded.services import SERVICES

    database = await _connect(connection)
    try:
        rows: list[dict[str, Any]] = []
        for service in SERVICES:
            found = await database.fetch(
                f"select {COLUMNS} from {service}.dead_letter where ($1::text is null or reason = $1) "
                "and ($2 = 'all' or state = $2) order by id desc limit $3",
                reason,
                state,
                limit,
            )
            rows += [{**row, "letter": f"{service}-{row['letter']}"} for row in found]
        return sorted(rows, key=lambda row: row["first_seen"], reverse=True)[:limit]
    finally:
        await database.close()


def _service_and_id(dead_letter: str) -> tuple[str, int]:
    """Service and number of a dead letter id. Raises VerbError."""
    from deploy.embedded.services import SERVICES

    service, _, number = dead_letter.rpartition("-")
    if service not in SERVICES or not (number.isascii() and number.isdigit()):
        raise VerbError(
            f"{dead_letter} is not the id of a dead letter: `hva deadletters list` prints ids such as ingest-12."
        )
    if len(number) > len(str(_MAX_ID)) or int(number) > _MAX_ID:
        raise VerbError(f"There is no dead letter {dead_letter}.")
    return service, int(number)


async def _show(connection: Connection, dead_letter: str) -> dict[str, Any]:
    from shared.dead_letters import DeadLetterCipher
    from shared.keys import read_keys

    if connection.dead_letter_key_file is None:
        raise VerbError("The key of dead letters is needed to decrypt it: set HVA_LETTER_KEY_FILE.")
    service, number = _service_and_id(dead_letter)
    database = await _connect(connection)
    try:
        row = await database.fetchrow(
            f"select {COLUMNS}, recorded_at, sealed, truncated from {service}.dead_letter where id = $1", number
        )
    finally:
        await database.close()
    if row is None:
        raise VerbError(f"There is no dead letter {dead_letter}.")
    return {
        **row,
        "letter": dead_letter,
        "record": _decrypted(DeadLetterCipher(read_keys(connection.dead_letter_key_file)), row),
    }


def _decrypted(cipher: Any, row: Any) -> dict[str, Any]:
    from shared.dead_letters import DecryptionError

    milliseconds = round(row["recorded_at"].timestamp() * 1000)
    try:
        record = cipher.decrypt(row["topic"], row["partition"], row["offset"], milliseconds, row["sealed"])
    except DecryptionError as error:
        raise VerbError(f"The dead letter cannot be decrypted: {error}.") from error
    return {
        "key": _text(record.key),
        "headers": [(name, _text(value)) for name, value in record.headers],
        "value": _text(record.value),
    }


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "backslashreplace")


async def _mark(
    connection: Connection, dead_letters: Sequence[str], all_open: bool, reason: Reason | None, state: str
) -> int:
    if bool(dead_letters) == all_open:
        raise typer.BadParameter("name dead letters, or give --all (with --reason to narrow it)")
    from deploy.embedded.services import SERVICES

    parsed = [_service_and_id(dead_letter) for dead_letter in dead_letters]
    database = await _connect(connection)
    try:
        count = 0
        for service in SERVICES:
            numbers = [number for owner, number in parsed if owner == service]
            count += await database.fetchval(
                f"with marked as (update {service}.dead_letter set state = $1, changed_at = clock_timestamp() "
                "where (state = 'open' or state = 'redrive' and $1 = 'discarded') "
                "and not ($1 = 'redrive' and truncated) "  # a truncated record cannot be validated again
                "and ($2 or id = any($3::bigint[])) and ($4::text is null or reason = $4) "
                "returning 1) select count(*) from marked",
                state,
                all_open,
                numbers,
                reason,
            )
        return count
    finally:
        await database.close()


def _print_list(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        import orjson

        print_data(orjson.dumps(rows).decode())
        return
    for row in rows:
        print_text(
            f"{row['letter']}  {row['first_seen']:%Y-%m-%d %H:%M:%S}  {row['state']}  {row['reason']}: {row['detail']}"
            f"  ({row['source'] or 'unknown sender'}, {row['topic']} {row['partition']}/{row['offset']})"
        )
    print_text(f"{plural(len(rows), 'dead letter')}.")


def _print_dead_letter(dead_letter: dict[str, Any], as_json: bool) -> None:
    if as_json:
        import orjson

        print_data(orjson.dumps({k: v for k, v in dead_letter.items() if k != "sealed"}).decode())
        return
    for name, value in dead_letter.items():
        if name not in ("sealed", "record"):
            print_text(f"{'dead letter' if name == 'letter' else name}: {value}")
    for name, value in dead_letter["record"].items():
        print_text(f"{name}: {value}")
