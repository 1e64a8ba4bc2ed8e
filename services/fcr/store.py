"""All SQL of facts and buckets of the first-contact family.

Every function runs inside the batch's transaction with the county's lock held, so what it reads cannot change
before it writes.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

from services.fcr.derive import derive, version
from services.fcr.domain import MEASURES, contributions
from services.fcr.facts import Contact, ContactFact, HyteCount, labelled, tombstone
from services.fcr.links import link, relinked
from shared.batch import Applied
from shared.contracts.segment import History
from shared.deltas import Deltas
from shared.person import PersonEvent
from shared.postgres.buckets import add_to_buckets
from shared.postgres.clients import Clients
from shared.postgres.erased import newly_erased, tombstone_if_erased, write_tombstones
from shared.postgres.facts import Change, FactTable
from shared.postgres.lock import Connection
from shared.postgres.membership import histories, mislabelled_condition, store_newer_histories
from shared.postgres.persons import apply_merges, assign_persons, merge_table, of_clients, reassign_facts
from shared.postgres.refold import Refold, ensure_unit_rows
from shared.postgres.replay import Replay
from shared.registers import Registers

SCHEMA: Final = "fcr"

_COMMON: Final = {
    "id": "text",
    "rank": "bytea",
    "retracted": "boolean",
    "unit": "text",
    "unit_row": "bigint",
    "day": "date",
}
CONTACTS: Final = FactTable(
    "fcr.contact",
    Contact,
    {
        **_COMMON,
        "line": "text",
        "channel": "text",
        "own_client": "text",
        "person": "bigint",
        "segment": "text",
        "direction": "text",
        "excluded": "text",
        "started_at": "timestamptz",
        "answered_at": "timestamptz",
        "ended_at": "timestamptz",
        "answer_mode": "text",
        "callback_requested_at": "timestamptz",
        "callback_first_attempt_at": "timestamptz",
        "callback_reached_at": "timestamptz",
        "promised_by": "timestamptz",
        "due": "timestamptz",
        "abandoned": "boolean",
        "planned": "boolean",
        "transfers": "bigint",
        "reason": "text",
        "outcome": "text",
        "classification": "text",
        "callback_same_day": "boolean",
        "repeats_within": "smallint",
        "repeated_within": "smallint",
    },
    derived=("unit_row", "person", "segment", "due", "repeats_within", "repeated_within"),
    computed={
        "counted": "boolean",
        "handled": "boolean",
        "repeatable": "boolean",
        "awaiting_response": "boolean",
        "effective_end": "timestamptz",
    },
)
HYTE: Final = FactTable("fcr.hyte", HyteCount, {**_COMMON, "kind": "text", "amount": "bigint"}, derived=("unit_row",))

MERGES: Final = merge_table(SCHEMA)

_OF_CLIENTS: Final = of_clients(SCHEMA, CONTACTS.name)
_MISLABELLED: Final = mislabelled_condition(SCHEMA, "own_client", "day")
_STALE: Final = """
insert into fcr.stale (county, period_kind, period)
select $1, period_kind, period from reference.period_month where month = any($2::date[]) group by 2, 3 order by 2, 3
on conflict (county, period_kind, period) do update set change_number = fcr.stale.change_number + 1
"""
# A contact makes later ones of 30 days of 24 hours revolving, up to 31 local days on. From 30 January that reaches
# March; February, of no fewer than 28 days, must not be forgotten.
_REACH: Final = (0, 28, 31)


async def apply(connection: Connection, county: str, facts: Sequence[ContactFact], registers: Registers) -> Applied:
    """Write the facts of one county, which were derived by these registers, and everything that follows."""
    await REFOLD.record_version(connection, county, registers)
    await ensure_unit_rows(connection, registers, facts)
    contacts = [fact for fact in facts if isinstance(fact, Contact)]
    contacts = list(await tombstone_if_erased(connection, SCHEMA, county, contacts, tombstone))
    contacts = await _labelled(connection, county, contacts)
    upserted = await CONTACTS.upsert(connection, county, await assign_persons(connection, SCHEMA, county, contacts))
    hyte = await HYTE.upsert(connection, county, [fact for fact in facts if isinstance(fact, HyteCount)])
    linked = await link(connection, county, CONTACTS, upserted.changes)
    await fold(connection, county, (*linked, *hyte.changes))
    return Applied(len(upserted.changes) + len(hyte.changes), upserted.conflicts + hyte.conflicts)


async def apply_persons(connection: Connection, county: str, events: Sequence[PersonEvent]) -> Applied:
    """Take the facts of erased clients away for ever, those of the past here and those of the future by `apply`, and
    make one person of clients that are one.
    """
    erased = await newly_erased(connection, SCHEMA, county, events)
    facts = await CONTACTS.select(connection, _OF_CLIENTS, "true", county, erased) if erased else []
    stripped = await write_tombstones(connection, county, CONTACTS, facts, tombstone)
    await fold(connection, county, await link(connection, county, CONTACTS, stripped))
    merged, moves = await apply_merges(connection, MERGES, SCHEMA, county, events)
    moved = await reassign_facts(connection, county, CONTACTS, moves) if moves else []
    await fold(connection, county, await link(connection, county, CONTACTS, moved))
    return Applied(len(erased) + merged)


async def apply_histories(connection: Connection, county: str, events: Sequence[History]) -> Applied:
    """Keep the histories that are newer than the stored ones, and relabel the stored contacts of their clients."""
    changed = await store_newer_histories(connection, SCHEMA, county, events)
    if changed:
        wrong = await CONTACTS.select(connection, _OF_CLIENTS, _MISLABELLED, county, list(changed))
        changes = [Change(contact, labelled(contact, changed)) for contact in wrong]
        await CONTACTS.update_derived(connection, county, [change.new for change in changes])
        await fold(connection, county, changes)
    return Applied(len(changed))


async def _labelled(connection: Connection, county: str, contacts: Sequence[Contact]) -> list[Contact]:
    """The contacts with their labels. A label told before the county's lock is held may be wrong when written."""
    known = await histories(connection, SCHEMA, county, {contact.own_client for contact in contacts})
    return [labelled(contact, known) for contact in contacts]


async def fold(connection: Connection, county: str, changes: Iterable[Change[Any]]) -> None:
    """Add to the buckets what the changed facts count now, less what they counted before, and say which counts of
    clients that touches.
    """
    deltas, months = Deltas(), set[date]()
    for old, new in changes:
        if old is not None:
            deltas.add(contributions(old), -1)
            months.update(_months(old))
        deltas.add(contributions(new))
        months.update(_months(new))
    await add_to_buckets(connection, SCHEMA, county, deltas)
    if months:
        await connection.execute(_STALE, county, sorted(months))


def _months(fact: ContactFact) -> tuple[date, ...]:
    """The months whose counts of clients a fact takes part in."""
    if not isinstance(fact, Contact) or fact.person is None or fact.day is None or not fact.handled:
        return ()
    return _months_of(fact.day)


@lru_cache(maxsize=4096)
def _months_of(day: date) -> tuple[date, ...]:
    later = (min(day.toordinal() + days, date.max.toordinal()) for days in _REACH)
    return tuple({date.fromordinal(ordinal).replace(day=1) for ordinal in later})


async def _rederive(
    connection: Connection, county: str, facts: Sequence[ContactFact], registers: Registers
) -> Sequence[ContactFact]:
    derived = [derive(fact, registers) for fact in facts]
    contacts = [fact for fact in derived if isinstance(fact, Contact)]
    if not contacts:
        return derived
    return await relinked(connection, await _labelled(connection, county, contacts))


REFOLD: Final = Refold(SCHEMA, (CONTACTS, HYTE), derive, fold, version)
REPLAY: Final = Replay(
    SCHEMA, (CONTACTS, HYTE), MEASURES, contributions, _rederive, fold, clients=Clients(SCHEMA, (CONTACTS,))
)
