"""When which client is a member: table `<schema>.membership` of every family that labels facts.

It holds the greatest version of each history that the segment stream has told. Facts and histories meet under the
county's lock: a fact is labelled by what is stored when it is written, a history relabels the facts that are stored
when it is, so it does not matter which of them comes first.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

from shared.contracts.segment import History
from shared.labels import MEMBER, Intervals
from shared.postgres.facts import probes
from shared.postgres.lock import Connection

# Arrays of arrays travel as texts.
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


async def store_newer_histories(
    connection: Connection, schema: str, county: str, histories: Iterable[History]
) -> dict[str, Intervals]:
    """Keep the histories of a county that are newer than what is stored; its lock must be held.

    Returns those whose intervals changed, by client.
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
    """When the clients of a county are members; those that never were are left out. Its lock must be held."""
    wanted = sorted({client for client in clients if client is not None})
    if not wanted:
        return {}
    rows = await connection.fetch(
        f"select fact.client, span.first, span.until {probes(f'{schema}.membership', 'client')} "
        "cross join lateral unnest(fact.firsts, fact.untils) span(first, until)",
        county,
        wanted,
    )
    found: dict[str, list[tuple[date, date | None]]] = {}
    for client, first, until in rows:
        found.setdefault(client, []).append((first, None if until == date.max else until))  # as asyncpg has infinity
    return dict(found)


def mislabelled_condition(schema: str, client: str, day: str) -> str:
    """The condition that a stored `fact`, whose columns of client and label day these are, has another segment than
    the stored history of its client says (`shared.labels.label`).
    """
    return f"""(fact.segment = '{MEMBER}') <> exists (
  select from {schema}.membership m cross join lateral unnest(m.firsts, m.untils) span(first, until)
  where m.county = fact.county and m.client = fact.{client} and span.first <= fact.{day} and fact.{day} < span.until)"""


def _array(days: Iterable[date | None]) -> str:
    return "{" + ",".join("infinity" if day is None else day.isoformat() for day in days) + "}"
