"""Erased clients: table `<schema>.erased` of every family service.

An erased fact, like a retracted one, stays as a tombstone with its id and rank, so that no replay and no late event
restores it.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol, TypeVar

from shared.person import Erasure, PersonEvent
from shared.postgres.facts import Change, FactTable, probes
from shared.postgres.lock import Connection
from shared.postgres.restated import Cause, Explain, Trigger


class HasClient(Protocol):
    """A fact that may belong to a client."""

    @property
    def county(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def rank(self) -> bytes: ...
    @property
    def own_client(self) -> str | None: ...


F = TypeVar("F", bound=HasClient)


async def newly_erased(connection: Connection, schema: str, county: str, events: Sequence[PersonEvent]) -> list[str]:
    """Store the clients that the events erase. Returns those that were not erased before."""
    clients = {event.client for event in events if isinstance(event, Erasure)}
    if not clients:
        return []
    rows = await connection.fetch(
        f"insert into {schema}.erased (county, client) select $1, * from unnest($2::text[]) "
        "on conflict do nothing returning client",
        county,
        sorted(clients),
    )
    return [row["client"] for row in rows]


def by_erasure(events: Sequence[PersonEvent]) -> Explain:
    """Explain the changes of facts whose own client an event erases."""
    ranks = {event.client: event.rank for event in events if isinstance(event, Erasure)}
    return lambda change: Trigger(Cause.ERASED, ranks.get(change.old.own_client) if change.old else None)


async def write_tombstones(
    connection: Connection,
    county: str,
    table: FactTable[F],
    facts: Sequence[F],
    tombstone: Callable[[F], F],
) -> list[Change[F]]:
    """Replace stored facts by tombstones."""
    changes = [Change(fact, tombstone(fact)) for fact in facts]
    await table.overwrite(connection, county, [change.new for change in changes])
    return changes


async def tombstone_if_erased(
    connection: Connection, schema: str, county: str, facts: Sequence[F], tombstone: Callable[[F], F]
) -> Sequence[F]:
    """Replace facts of erased clients by tombstones before they are written."""
    clients = sorted({fact.own_client for fact in facts if fact.own_client is not None})
    rows = await connection.fetch(f"select fact.client {probes(f'{schema}.erased', 'client')}", county, clients)
    return tombstone_erased(facts, {row["client"] for row in rows}, tombstone)


def tombstone_erased(facts: Sequence[F], erased: Collection[str], tombstone: Callable[[F], F]) -> Sequence[F]:
    """Replace the facts of these clients by tombstones."""
    return [tombstone(fact) if fact.own_client in erased else fact for fact in facts] if erased else facts
