"""All SQL of facts and buckets of the segments family.

Every function runs inside the batch's transaction with the county's lock held, so what it reads cannot change
before it writes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from services.segments.derive import derive, version
from services.segments.domain import MEASURES, contributions
from services.segments.facts import Assessment, Assignment, CareFact, Flag, Plan, ServiceEvent, tombstone
from services.segments.histories import persons_with_wrong_history, tell
from services.segments.members import (
    Relabelled,
    activate_staged,
    changed_sector_days,
    keep,
    labelled,
    orphaned_memberships,
    recompute_memberships,
    relabel,
    stage_memberships,
    staged_persons,
    stored,
)
from services.segments.membership import ALWAYS
from services.segments.touched import days_of, sector_days, spans, widen, windows
from shared.batch import Applied
from shared.deltas import Deltas
from shared.person import PersonEvent
from shared.postgres.buckets import add_to_buckets
from shared.postgres.clients import Clients
from shared.postgres.erased import newly_erased, tombstone_if_erased, write_tombstones
from shared.postgres.facts import Change, FactTable
from shared.postgres.lock import Connection
from shared.postgres.persons import Move, apply_merges, assign_persons, merge_table, of_clients, reassign_facts
from shared.postgres.pool import extend_transaction_timeout
from shared.postgres.refold import Refold, StagedChange, ensure_unit_rows
from shared.postgres.replay import Replay
from shared.postgres.touched import touch_between
from shared.registers import Registers

SCHEMA: Final = "segments"

_ORDER: Final = {"id": "text", "rank": "bytea", "retracted": "boolean"}
_CLIENT: Final = {"own_client": "text", "person": "bigint"}
_UNIT: Final = {"unit": "text", "unit_row": "bigint", "day": "date"}
_VALID: Final = {"valid_from": "date", "valid_to": "date"}

EVENTS: Final = FactTable(
    "segments.service_event",
    ServiceEvent,
    {
        **_ORDER,
        **_UNIT,
        **_CLIENT,
        "sector": "text",
        "event_class": "text",
        "status": "text",
        "occurred_at": "timestamptz",
        "segment": "text",
    },
    derived=("unit_row", "person", "segment"),
    computed={"done": "boolean"},
)
FLAGS: Final = FactTable("segments.flag", Flag, {**_ORDER, **_CLIENT, **_VALID}, derived=("person",))
PLANS: Final = FactTable("segments.plan", Plan, {**_ORDER, **_CLIENT, **_VALID}, derived=("person",))
ASSIGNMENTS: Final = FactTable(
    "segments.assignment",
    Assignment,
    {**_ORDER, **_CLIENT, **_VALID, "scheme": "text", "segment": "text"},
    derived=("person",),
)
ASSESSMENTS: Final = FactTable(
    "segments.assessment",
    Assessment,
    {
        **_ORDER,
        **_UNIT,
        **_CLIENT,
        "assessed_at": "timestamptz",
        "result": "text",
        "battery": "text",
        "sex": "text",
    },
    derived=("unit_row", "person"),
)
TABLES: Final[Mapping[type[Any], FactTable[Any]]] = {
    table.fact: table for table in (EVENTS, FLAGS, PLANS, ASSIGNMENTS, ASSESSMENTS)
}
MERGES: Final = merge_table(SCHEMA)

_NO_MOVES: Final[Mapping[str, Move]] = MappingProxyType({})
_PERSONS_AFTER: Final = """
select number from segments.client where county = $1 and number > $2 and number = person order by number limit $3
"""
_CHUNK: Final = 500  # persons a transaction of a refold
_SWAPPED: Final = 2000  # persons a statement of a swap
_SWAP_S: Final = 60  # for each of these: a swap that goes on is never cut short, however large the county


async def apply(connection: Connection, county: str, facts: Sequence[CareFact], registers: Registers) -> Applied:
    """Write the facts of one county, which were derived by these registers, and everything that follows."""
    await REFOLD.record_version(connection, county, registers)
    await ensure_unit_rows(connection, registers, [f for f in facts if isinstance(f, ServiceEvent | Assessment)])
    facts = await tombstone_if_erased(connection, SCHEMA, county, facts, tombstone)
    facts = await assign_persons(connection, SCHEMA, county, facts)
    changes: list[Change[Any]] = []
    conflicts = 0
    for kind, table in TABLES.items():
        found = [fact for fact in facts if isinstance(fact, kind)]
        if kind is ServiceEvent:
            found = labelled(found, await stored(connection, persons_of(found)))
        upserted = await table.upsert(connection, county, found)
        changes += upserted.changes
        conflicts += upserted.conflicts
    await propagate_changes_(connection, county, changes, registers)
    return Applied(len(changes), conflicts)


async def apply_persons(
    connection: Connection, county: str, events: Sequence[PersonEvent], registers: Registers
) -> Applied:
    """Take the facts of erased clients away for ever, and make one person of clients that are one."""
    await REFOLD.record_version(connection, county, registers)
    changes: list[Change[Any]] = []
    erased = await newly_erased(connection, SCHEMA, county, events)
    if erased:
        for table in TABLES.values():
            facts = await table.select(connection, of_clients(SCHEMA, table.name), "true", county, erased)
            changes += await write_tombstones(connection, county, table, facts, tombstone)
    merged, moves = await apply_merges(connection, MERGES, SCHEMA, county, events)
    if moves:
        for table in TABLES.values():
            changes += await reassign_facts(connection, county, table, moves)
    await propagate_changes_(connection, county, changes, registers, moves)
    return Applied(len(erased) + merged)


async def propagate_changes_(
    connection: Connection,
    county: str,
    changes: Sequence[Change[Any]],
    registers: Registers,
    moves: Mapping[str, Move] = _NO_MOVES,
) -> None:
    """Let memberships, labels, histories and buckets follow the changed facts."""
    rule = registers.segment_rule
    touched = spans(changes, rule)
    for person, span in windows(await changed_sector_days(connection, sector_days(changes, rule)), rule):
        widen(touched, person, span)
    if await REFOLD.is_current(connection, county, registers):
        changed = await recompute_memberships(connection, touched, registers)
        await keep(connection, county, changed)
    else:
        # Beside what is in force; by the whole of the rule, since what is in force is by another.
        changed = await recompute_memberships(connection, dict.fromkeys(touched, ALWAYS), registers)
        await stage_memberships(connection, county, touched, changed)
        changed = {}
    moved = {client: move.new for client, move in moves.items()}
    relabelled = await relabel(connection, {*changed, *moved.values()})
    await tell(connection, county, changed, moved)
    await fold(connection, county, changes, relabelled)
    if dates := days_of(changes, touched):
        first = max(dates[0], rule.figures_from)
        await touch_between(connection, SCHEMA, county, first.year, dates[1].year)


def persons_of(facts: Iterable[CareFact]) -> set[int]:
    """The persons of facts."""
    return {fact.person for fact in facts if fact.person is not None}


async def fold(
    connection: Connection, county: str, changes: Iterable[Change[Any]], relabelled: Iterable[Relabelled] = ()
) -> None:
    """Add to the buckets what the changed facts count now, less what they counted before."""
    deltas = Deltas()
    for many, (before, now) in relabelled:
        assert before is not None
        deltas.add(contributions(before), -many)
        deltas.add(contributions(now), many)
    for old, new in changes:
        if old is not None:
            deltas.add(contributions(old), -1)
        deltas.add(contributions(new))
    await add_to_buckets(connection, SCHEMA, county, deltas)


async def _persons(connection: Connection, county: str, after: str) -> tuple[list[int], str]:
    """Persons in the order of their numbers, and the place behind them; `''` at the end."""
    rows = await connection.fetch(_PERSONS_AFTER, county, int(after or 0), _CHUNK)
    persons = [row["number"] for row in rows]
    return persons, str(persons[-1]) if len(persons) == _CHUNK else ""


async def _look(
    connection: Connection, county: str, after: str, registers: Registers, repair: bool
) -> tuple[int, int, str]:
    """Persons whose membership is not what the rule and the facts of now say, or whose histories say another one."""
    persons, place = await _persons(connection, county, after)
    changed = await recompute_memberships(connection, dict.fromkeys(persons, ALWAYS), registers)
    orphans = [] if after else await orphaned_memberships(connection, county)
    wrong = changed.keys() | await persons_with_wrong_history(connection, county, persons)
    if repair:
        await keep(connection, county, {**changed, **dict.fromkeys(orphans, ())})
        await _follow(connection, county, wrong)
    return len(persons) + len(orphans), len(wrong) + len(orphans), place


async def _prepare(connection: Connection, county: str, after: str, registers: Registers) -> tuple[int, str]:
    """Put the memberships by these registers off, where they are others than those in force."""
    persons, place = await _persons(connection, county, after)
    changed = await recompute_memberships(connection, dict.fromkeys(persons, ALWAYS), registers)
    await stage_memberships(connection, county, persons, changed)
    return len(changed), place


async def _swap(connection: Connection, county: str) -> None:
    """Let all memberships that were put off come into force, and labels, histories and buckets follow."""
    last = 0
    await extend_transaction_timeout(connection, _SWAP_S)
    while persons := await staged_persons(connection, county, last, _SWAPPED):
        await extend_transaction_timeout(connection, _SWAP_S)
        await activate_staged(connection, persons)
        await _follow(connection, county, persons)
        last = persons[-1]


async def _follow(connection: Connection, county: str, persons: Collection[int]) -> None:
    await fold(connection, county, (), await relabel(connection, persons))
    await tell(connection, county, persons, {})


async def _rederive(
    connection: Connection, county: str, facts: Sequence[CareFact], registers: Registers
) -> list[CareFact]:
    derived = [derive(fact, registers) for fact in facts]
    if not isinstance(derived[0], ServiceEvent):
        return derived
    right = labelled([f for f in derived if isinstance(f, ServiceEvent)], await stored(connection, persons_of(derived)))
    return [fact if now == fact else now for fact, now in zip(derived, right, strict=True)]


_CLIENTS: Final = Clients(SCHEMA, tuple(TABLES.values()))
REFOLD: Final = Refold(SCHEMA, tuple(TABLES.values()), derive, fold, version, StagedChange(_prepare, _swap))
REPLAY: Final = Replay(SCHEMA, tuple(TABLES.values()), MEASURES, contributions, _rederive, fold, _look, _CLIENTS)
