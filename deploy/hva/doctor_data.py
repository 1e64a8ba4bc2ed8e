"""`hva doctor` on the facts of a running system: codes that registers lack, and link keys with too many contacts."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deploy.hva.context import VerbError, resolve
from deploy.hva.finding import Finding

if TYPE_CHECKING:
    import asyncpg

MIN_LONG_KEY_CONTACTS: Final = 1000
"""Contacts of one client about one reason: a test number, or a desk that calls for others."""
MAX_SHOWN: Final = 10
_TIMEOUT_S: Final = 60.0
_READERS_OPEN: Final = "run `hva migrate` as a superuser, because hva_reader can reach:"

_OUTCOMES: Final = """
select county, outcome || case when classification = '' then '' else ' (' || classification || ')' end as code
from fcr.handled_month bucket
where outcome <> '' and handled + guided > 0 and not exists (
  select from reference.outcome register
  where register.outcome = bucket.outcome and register.classification in (bucket.classification, ''))
group by 1, 2 order by 1, 2
"""
_LINES: Final = """
select county, line as code from fcr.access_month bucket
where inbound > 0 and not exists (
  select from reference.promise register where register.county = bucket.county and register.line = bucket.line)
group by 1, 2 order by 1, 2
"""
_LONG_KEYS: Final = """
select county, line || ' / ' || reason || ': ' || count(*) || ' contacts' as code from fcr.contact
where person is not null and reason is not null
group by county, person, line, reason having count(*) >= $1
order by count(*) desc
"""
_NAMELESS: Final = "select key || ' ' || code as code from report.code where not named order by 1"

# One function and the databases stand for all that `shared.postgres.catalog_rights` closes.
_OPEN_TO_READERS: Final = """
select 'row counts of all tables' as what
where has_function_privilege('hva_reader', 'pg_stat_get_tuples_inserted(oid)', 'execute')
union all
select 'database ' || datname from pg_database
where datname in ('postgres', 'template1') and has_database_privilege('hva_reader', oid, 'connect')
"""


def inspect_data(folder: Path) -> Iterator[Finding]:
    """Inspect the facts of the system in the settings or of the run in the folder. No findings where none runs."""
    try:
        dsn = resolve(folder).postgres_steward
    except VerbError:
        return
    yield from asyncio.run(_inspect(dsn))


async def _inspect(dsn: str) -> list[Finding]:
    import asyncpg

    try:
        connection = await asyncpg.connect(dsn, timeout=5, command_timeout=_TIMEOUT_S)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return []  # `hva status` reports what runs
    try:
        if not await connection.fetchval("select to_regclass('fcr.contact') is not null"):
            return []
        return await findings(connection)
    except asyncpg.PostgresError as error:
        return [Finding("facts", False, f"cannot be read ({type(error).__name__}): connect as the role hva_steward.")]
    finally:
        await connection.close()


async def findings(connection: "asyncpg.Connection[asyncpg.Record]") -> list[Finding]:
    """Codes without flags, promises or names, clients with very many contacts about one reason, and what readers can
    reach besides published figures. Names no client.
    """
    outcomes, lines = await _codes(connection, _OUTCOMES), await _codes(connection, _LINES)
    nameless = [row["code"] for row in await connection.fetch(_NAMELESS)]
    long = await _codes(connection, _LONG_KEYS, MIN_LONG_KEY_CONTACTS)
    reached = ", ".join(row["what"] for row in await connection.fetch(_OPEN_TO_READERS))
    return [
        _finding("outcomes", outcomes, not outcomes, "outcomes.csv lacks these, so they have no flags:"),
        _finding("lines", lines, True, "no promise in promises.csv for:"),
        _finding("names", nameless, True, "names.csv lacks these codes, which are published:"),
        _finding("link keys", long, True, f"clients with at least {MIN_LONG_KEY_CONTACTS} contacts about one reason:"),
        Finding("readers", not reached, f"{_READERS_OPEN} {reached}" if reached else "read published figures only"),
    ]


async def _codes(connection: "asyncpg.Connection[asyncpg.Record]", query: str, *arguments: object) -> list[str]:
    return [f"{row['county']} {row['code']}" for row in await connection.fetch(query, *arguments)]


def _finding(name: str, found: list[str], ok: bool, text: str) -> Finding:
    if not found:
        return Finding(name, True, "nothing unusual in the facts")
    more = f" and {len(found) - MAX_SHOWN} more" if len(found) > MAX_SHOWN else ""
    return Finding(name, ok, f"{text} {', '.join(found[:MAX_SHOWN])}{more}")
