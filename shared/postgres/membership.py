"""Membership histories of clients: table `<schema>.membership` of every family that labels facts.

It holds the greatest version of each history received from the segment stream. Facts and histories are written under
the county's lock: a new fact gets its label from the stored history, and a new history relabels the stored facts. So
the order in which they arrive does not matter.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from shared.contracts.segment import History
from shared.labels import MEMBER, Intervals
from shared.postgres.facts import probes
from shared.postgres.lock import Connection

# Arrays of arrays are sent as texts.
_NEWER: Final = """
insert into {schema}.membership as known (county, client, version, firsts, untils)
select $1, sent.client, sent.version, sent.firsts::date[], sent.untils::date[]
from unnest($2::text[], $3::bigint[], $4::text[], $5::text[]) sent(client, version, firsts, untils)
on conflict (county, client) do update
set version = excluded.version, firsts = excluded.firsts, untils = excluded.untils
where known.version < excluded.version
returning new.client,
  coalesce(old.firsts, '{{}}') <> new.firsts or coalesce(old.untils, '{{}}') <> new.untils as changed
"""
_SPANS: Final = """
select fact.client, span.first, span.until {probes}
cross join lateral unnest(fact.firsts, fact.untils) span(first, until)
"""


async def store_newer_histories(
    connection: Connection, schema: str, county: str, histories: Iterable[History]
) -> dict[str, Intervals]:
    """Store the histories of a county that are newer than the stored ones. Its lock must be held.

    Returns the intervals that changed, by client.
    """
    greatest: dict[str, History] = {}
    for history in histories:
        known = greatest.setdefault(history.client, history)
        if known.version < history.version:
            greatest[history.client] = history
    sent = [greatest[client] for client in sorted(greatest)]
    rows = await connection.fetch(
        _NEWER.format(schema=schema),
        county,
        [history.client for history in sent],
        [history.version for history in sent],
        [_array(first for first, _ in history.intervals) for history in sent],
        [_array(until for _, until in history.intervals) for history in sent],
    )
    return {row["client"]: greatest[row["client"]].intervals for row in rows if row["changed"]}


async def histories(
    connection: Connection, schema: str, county: str, clients: Iterable[str | None]
) -> dict[str, Intervals]:
    """Load the membership intervals of clients of a county, without clients that have none. Its lock must be held."""
    wanted = sorted({client for client in clients if client is not None})
    if not wanted:
        return {}
    return _intervals(
        await connection.fetch(_SPANS.format(probes=probes(f"{schema}.membership", "client")), county, wanted)
    )


def _intervals(rows: Iterable[Any]) -> dict[str, Intervals]:
    found: dict[str, list[tuple[date, date | None]]] = {}
    for client, first, until in rows:
        found.setdefault(client, []).append((first, None if until == date.max else until))  # asyncpg's infinity
    return dict(found)


async def erased_and_histories(
    connection: Connection, schema: str, county: str, clients: Iterable[str | None]
) -> tuple[frozenset[str], dict[str, Intervals]]:
    """Load which clients of a county are erased, and the membership intervals of the clients, like `histories`."""
    wanted = sorted({client for client in clients if client is not None})
    if not wanted:
        return frozenset(), {}
    rows = await connection.fetch(
        f"select fact.client, null::date, null::date {probes(f'{schema}.erased', 'client')} union all "
        + _SPANS.format(probes=probes(f"{schema}.membership", "client")),
        county,
        wanted,
    )
    return frozenset(row[0] for row in rows if row[1] is None), _intervals(row for row in rows if row[1] is not None)


def mislabelled_condition(schema: str, client: str, day: str) -> str:
    """Make the condition that the segment of a stored `fact` differs from the stored history of its client
    (`shared.labels.label`). `client` and `day` are its columns of client and label date.
    """
    return f"""(fact.segment = '{MEMBER}') <> exists (
  select from {schema}.membership m cross join lateral unnest(m.firsts, m.untils) span(first, until)
  where m.county = fact.county and m.client = fact.{client} and span.first <= fact.{day} and fact.{day} < span.until)"""


def _array(days: Iterable[date | None]) -> str:
    return "{" + ",".join("infinity" if day is None else day.isoformat() for day in days) + "}"
