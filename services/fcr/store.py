"""All SQL of facts and buckets of the first-contact family.

Every function runs in the batch's transaction and holds the county's lock, so what it reads cannot change before it
writes.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Final

from services.fcr.derive import derive, version
from services.fcr.domain import MEASURES, contributions
from services.fcr.facts import Contact, ContactFact, HyteCount, tombstone, with_label
from services.fcr.links import derive_links, nearest_cause, update_links
from services.fcr.tables import CONTACTS, HYTE
from shared.batch import Applied
from shared.contracts.segment import History
from shared.deltas import Deltas
from shared.person import PersonEvent
from shared.postgres.buckets import add_to_buckets
from shared.postgres.clients import Clients
from shared.postgres.erased import by_erasure, newly_erased, tombstone_erased, write_tombstones
from shared.postgres.facts import Change
from shared.postgres.lock import Connection
from shared.postgres.membership import erased_and_histories, histories, mislabelled_condition, store_newer_histories
from shared.postgres.persons import apply_merges, assign_persons, merge_table, of_clients, reassign_facts
from shared.postgres.refold import Refold, ensure_unit_rows
from shared.postgres.replay import Replay
from shared.postgres.restated import Explain, Explained, Lasting, by_history, by_own_event, log_restated
from shared.registers import Registers

SCHEMA: Final = "fcr"

MERGES: Final = merge_table(SCHEMA)

_OF_CLIENTS: Final = of_clients(SCHEMA, CONTACTS.name)
_MISLABELLED: Final = mislabelled_condition(SCHEMA, "own_client", "day")
_MARK_STALE: Final = """
insert into fcr.stale (county, period_kind, period)
select $1, period_kind, period from reference.period_month where month = any($2::date[]) group by 2, 3 order by 2, 3
on conflict (county, period_kind, period) do update set change_number = fcr.stale.change_number + 1
"""
# A contact affects the revolving count of contacts up to 30 days of 24 hours later, which is up to 31 local days. From
# 30 January that reaches March; the step of 28 days finds February.
_REVOLVING_DAYS: Final = (0, 28, 31)


async def apply(connection: Connection, county: str, facts: Sequence[ContactFact], registers: Registers) -> Applied:
    """Store facts of one county, derived by these registers, and update links, labels and buckets."""
    await REFOLD.record_version(connection, county, registers)
    await ensure_unit_rows(connection, registers, facts)
    contacts = [fact for fact in facts if isinstance(fact, Contact)]
    clients = {contact.own_client for contact in contacts}
    erased, known = await erased_and_histories(connection, SCHEMA, county, clients)
    contacts = [with_label(contact, known) for contact in tombstone_erased(contacts, erased, tombstone)]
    upserted = await CONTACTS.upsert(connection, county, await assign_persons(connection, SCHEMA, county, contacts))
    hyte = await HYTE.upsert(connection, county, [fact for fact in facts if isinstance(fact, HyteCount)])
    await _fold_with_links(connection, county, upserted.changes, by_own_event, Explained(hyte.changes, by_own_event))
    return Applied(len(upserted.changes) + len(hyte.changes), upserted.conflicts + hyte.conflicts)


async def apply_persons(connection: Connection, county: str, events: Sequence[PersonEvent]) -> Applied:
    """Remove the facts of erased clients and apply merges. `apply` removes facts of these clients that arrive later."""
    erased = await newly_erased(connection, SCHEMA, county, events)
    facts = await CONTACTS.select(connection, _OF_CLIENTS, "true", county, erased) if erased else []
    stripped = await write_tombstones(connection, county, CONTACTS, facts, tombstone)
    await _fold_with_links(connection, county, stripped, by_erasure(events))
    merged = await apply_merges(connection, MERGES, SCHEMA, county, events)
    moved = await reassign_facts(connection, county, CONTACTS, merged.moves) if merged.moves else []
    await _fold_with_links(connection, county, moved, merged.explain)
    return Applied(len(erased) + len(merged.changes))


async def apply_histories(connection: Connection, county: str, events: Sequence[History]) -> Applied:
    """Store the histories that are newer than the stored ones and relabel the contacts of their clients."""
    changed = await store_newer_histories(connection, SCHEMA, county, events)
    if changed:
        wrong = await CONTACTS.select(connection, _OF_CLIENTS, _MISLABELLED, county, list(changed))
        changes = [Change(contact, with_label(contact, changed)) for contact in wrong]
        await CONTACTS.update_derived(connection, county, [change.new for change in changes])
        await fold(connection, county, Explained(changes, by_history))
    return Applied(len(changed))


async def _label_contacts(connection: Connection, county: str, contacts: Sequence[Contact]) -> list[Contact]:
    """Label contacts by the stored histories. Only under the county's lock is a label still right when written."""
    known = await histories(connection, SCHEMA, county, {contact.own_client for contact in contacts})
    return [with_label(contact, known) for contact in contacts]


async def _fold_with_links(
    connection: Connection, county: str, changes: Sequence[Change[Contact]], explain: Explain, *others: Explained
) -> None:
    """Update the links of changed contacts and their neighbours, and fold all changes. `explain` tells what changed
    the contacts.
    """
    linked = await update_links(connection, county, CONTACTS, changes)
    own, neighbours = linked[: len(changes)], linked[len(changes) :]
    of_neighbours = Explained(neighbours, lambda change: explain(nearest_cause(change.new, own)))
    await fold(connection, county, Explained(own, explain), of_neighbours, *others)


async def fold(connection: Connection, county: str, *parts: Explained) -> None:
    """Add the deltas of changed facts to the buckets, mark the affected periods of stored cells as stale, and log the
    changes in closed periods.
    """
    deltas, months = Deltas(), set[date]()
    for changes, _ in parts:
        for old, new in changes:
            if old is not None:
                deltas.add(contributions(old), -1)
                months.update(_affected_months(old))
            deltas.add(contributions(new))
            months.update(_affected_months(new))
    closed = await add_to_buckets(connection, SCHEMA, county, deltas)
    await log_restated(connection, SCHEMA, county, closed, contributions, parts, _recent)
    if months:
        await connection.execute(_MARK_STALE, county, sorted(months))


def _recent(fact: ContactFact) -> tuple[Lasting, ...]:
    """Return for how long the revolving count of other contacts depends on the fact."""
    if not isinstance(fact, Contact) or fact.person is None or fact.day is None or not fact.handled:
        return ()
    until = date.fromordinal(min(fact.day.toordinal() + _REVOLVING_DAYS[-1] + 1, date.max.toordinal()))
    return (Lasting("recent", fact.day, until),)


def _affected_months(fact: ContactFact) -> tuple[date, ...]:
    """Return the months whose stored cells depend on the fact."""
    if not isinstance(fact, Contact) or fact.person is None or fact.day is None or not fact.handled:
        return ()
    return _months_of(fact.day)


@lru_cache(maxsize=4096)
def _months_of(day: date) -> tuple[date, ...]:
    ordinals = (min(day.toordinal() + days, date.max.toordinal()) for days in _REVOLVING_DAYS)
    return tuple({date.fromordinal(ordinal).replace(day=1) for ordinal in ordinals})


async def _rederive(
    connection: Connection, county: str, facts: Sequence[ContactFact], registers: Registers
) -> Sequence[ContactFact]:
    derived = [derive(fact, registers) for fact in facts]
    contacts = [fact for fact in derived if isinstance(fact, Contact)]
    if not contacts:
        return derived
    return await derive_links(connection, await _label_contacts(connection, county, contacts))


REFOLD: Final = Refold(SCHEMA, (CONTACTS, HYTE), derive, fold, version)
REPLAY: Final = Replay(
    SCHEMA, (CONTACTS, HYTE), MEASURES, contributions, _rederive, fold, clients=Clients(SCHEMA, (CONTACTS,))
)
