"""All SQL of facts and buckets of the segments family.

Every function runs in the batch's transaction and holds the county's lock, so what it reads cannot change before it
writes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from services.segments.affected_dates import days_of, ground_spans, sector_days, widen, window_spans
from services.segments.causes import GROUND, by_membership, lasting, lasting_with_grounds
from services.segments.derive import derive, version
from services.segments.domain import MEASURES, contributions
from services.segments.facts import Assessment, CareFact, ServiceEvent, tombstone
from services.segments.histories import enqueue_histories, persons_with_wrong_history
from services.segments.members import (
    Relabelled,
    activate_staged,
    changed_sector_days,
    label_events,
    orphaned_memberships,
    persons_after,
    recompute_memberships,
    relabel,
    stage_memberships,
    staged_persons,
    store_memberships,
    stored_memberships,
)
from services.segments.membership import ALWAYS
from services.segments.tables import TABLES
from shared.batch import Applied
from shared.deltas import Deltas
from shared.person import PersonEvent
from shared.postgres.buckets import add_to_buckets
from shared.postgres.change_numbers import increment_change_numbers_between
from shared.postgres.clients import Clients
from shared.postgres.erased import by_erasure, newly_erased, tombstone_if_erased, write_tombstones
from shared.postgres.facts import Change
from shared.postgres.lock import Connection
from shared.postgres.persons import Move, apply_merges, assign_persons, merge_table, of_clients, reassign_facts
from shared.postgres.pool import extend_transaction_timeout
from shared.postgres.refold import Refold, StagedChange, ensure_unit_rows
from shared.postgres.replay import Replay
from shared.postgres.restated import (
    Explain,
    Explained,
    Lastings,
    by_own_event,
    by_repair,
    by_rule,
    log_restated,
    log_rule,
)
from shared.registers import Registers

SCHEMA: Final = "segments"

MERGES: Final = merge_table(SCHEMA)

_NO_MOVES: Final[Mapping[str, Move]] = MappingProxyType({})
_CHUNK: Final = 500  # persons per transaction of a refold
_ACTIVATION_CHUNK: Final = 2000  # persons per statement of an activation
_ACTIVATION_TIMEOUT_S: Final = 60  # per chunk, so that a large county does not run into the timeout


async def apply(connection: Connection, county: str, facts: Sequence[CareFact], registers: Registers) -> Applied:
    """Store facts of one county, derived by these registers, and update memberships, labels, histories and buckets."""
    await REFOLD.record_version(connection, county, registers)
    await ensure_unit_rows(connection, registers, [f for f in facts if isinstance(f, ServiceEvent | Assessment)])
    facts = await tombstone_if_erased(connection, SCHEMA, county, facts, tombstone)
    facts = await assign_persons(connection, SCHEMA, county, facts)
    changes: list[Change[Any]] = []
    conflicts = 0
    for kind, table in TABLES.items():
        found = [fact for fact in facts if isinstance(fact, kind)]
        if kind is ServiceEvent:
            found = label_events(found, await stored_memberships(connection, persons_of(found)))
        upserted = await table.upsert(connection, county, found)
        changes += upserted.changes
        conflicts += upserted.conflicts
    await propagate_changes(connection, county, (Explained(changes, by_own_event),), registers)
    return Applied(len(changes), conflicts)


async def apply_persons(
    connection: Connection, county: str, events: Sequence[PersonEvent], registers: Registers
) -> Applied:
    """Remove the facts of erased clients for good and apply merges."""
    await REFOLD.record_version(connection, county, registers)
    stripped: list[Change[Any]] = []
    moved: list[Change[Any]] = []
    erased = await newly_erased(connection, SCHEMA, county, events)
    if erased:
        for table in TABLES.values():
            facts = await table.select(connection, of_clients(SCHEMA, table.name), "true", county, erased)
            stripped += await write_tombstones(connection, county, table, facts, tombstone)
    merged = await apply_merges(connection, MERGES, SCHEMA, county, events)
    if merged.moves:
        for table in TABLES.values():
            moved += await reassign_facts(connection, county, table, merged.moves)
    parts = Explained(stripped, by_erasure(events)), Explained(moved, merged.explain)
    await propagate_changes(connection, county, parts, registers, merged.moves)
    return Applied(len(erased) + len(merged.changes))


async def propagate_changes(
    connection: Connection,
    county: str,
    parts: Sequence[Explained],
    registers: Registers,
    moves: Mapping[str, Move] = _NO_MOVES,
) -> None:
    """Update memberships, labels, histories and buckets after facts changed."""
    rule = registers.segment_rule
    changes = [change for part in parts for change in part.changes]
    affected = ground_spans(changes, rule)
    for person, span in window_spans(await changed_sector_days(connection, sector_days(changes, rule)), rule):
        widen(affected, person, span)
    if await REFOLD.is_current(connection, county, registers):
        changed = await recompute_memberships(connection, affected, registers)
        await store_memberships(connection, county, changed)
    else:
        # Active memberships are by another rule, so all dates are recomputed, and the result is staged.
        changed = await recompute_memberships(connection, dict.fromkeys(affected, ALWAYS), registers)
        await stage_memberships(connection, county, affected, changed)
        changed = {}
    moved = {client: move.new for client, move in moves.items()}
    relabelled = await relabel(connection, county, {*changed, *moved.values()})
    await enqueue_histories(connection, county, changed, moved)
    await fold(
        connection,
        county,
        *parts,
        relabelled=relabelled,
        explain=by_membership(parts),
        counted_while_valid=lasting_with_grounds(changed, rule),
    )
    if dates := days_of(changes, affected):
        first = max(dates[0], rule.figures_from)
        await increment_change_numbers_between(connection, SCHEMA, county, first.year, dates[1].year)


def persons_of(facts: Iterable[CareFact]) -> set[int]:
    """Return the persons of the facts."""
    return {fact.person for fact in facts if fact.person is not None}


async def fold(
    connection: Connection,
    county: str,
    *parts: Explained,
    relabelled: Sequence[Relabelled] = (),
    explain: Explain = by_rule,
    counted_while_valid: Lastings = lasting,
) -> None:
    """Add the deltas of changed facts and of relabelled service events to the buckets, and log the changes in closed
    periods. `explain` tells what relabelled the service events.
    """
    deltas = Deltas()
    for count, (before, after) in relabelled:
        assert before is not None
        deltas.add(contributions(before), -count)
        deltas.add(contributions(after), count)
    for changes, _ in parts:
        for old, new in changes:
            if old is not None:
                deltas.add(contributions(old), -1)
            deltas.add(contributions(new))
    closed = await add_to_buckets(connection, SCHEMA, county, deltas)
    each = Explained([change for _, change in relabelled if change.new.id], explain)
    await log_restated(connection, SCHEMA, county, closed, contributions, (*parts, each), counted_while_valid)


async def _check_persons(
    connection: Connection, county: str, after: str, registers: Registers, repair: bool
) -> tuple[int, int, str]:
    """Check a chunk of persons: are their memberships those of rule and facts, and their histories those of both?

    Returns how many persons were checked, how many were wrong, and the next position. `repair` fixes them.
    """
    persons, position = await persons_after(connection, county, after, _CHUNK)
    changed = await recompute_memberships(connection, dict.fromkeys(persons, ALWAYS), registers)
    orphans = [] if after else await orphaned_memberships(connection, county)
    wrong = changed.keys() | await persons_with_wrong_history(connection, county, persons)
    if repair:
        await store_memberships(connection, county, {**changed, **dict.fromkeys(orphans, ())})
        await _propagate_memberships(connection, county, wrong, by_repair)
    return len(persons) + len(orphans), len(wrong) + len(orphans), position


async def _stage_chunk(connection: Connection, county: str, after: str, registers: Registers) -> tuple[int, str]:
    """Stage the memberships of a chunk of persons by these registers where they differ from the active ones."""
    persons, position = await persons_after(connection, county, after, _CHUNK)
    changed = await recompute_memberships(connection, dict.fromkeys(persons, ALWAYS), registers)
    await stage_memberships(connection, county, persons, changed)
    return len(changed), position


async def _activate_memberships(connection: Connection, county: str) -> None:
    """Activate all staged memberships of a county and update labels, histories and buckets."""
    last = 0
    await extend_transaction_timeout(connection, _ACTIVATION_TIMEOUT_S)
    while persons := await staged_persons(connection, county, last, _ACTIVATION_CHUNK):
        await extend_transaction_timeout(connection, _ACTIVATION_TIMEOUT_S)
        await activate_staged(connection, persons)
        await _propagate_memberships(connection, county, persons, by_rule)
        last = persons[-1]
    if last:
        await log_rule(connection, SCHEMA, county, GROUND)


async def _propagate_memberships(
    connection: Connection, county: str, persons: Collection[int], explain: Explain
) -> None:
    await fold(connection, county, relabelled=await relabel(connection, county, persons), explain=explain)
    await enqueue_histories(connection, county, persons, {})


async def _rederive(
    connection: Connection, county: str, facts: Sequence[CareFact], registers: Registers
) -> list[CareFact]:
    derived = [derive(fact, registers) for fact in facts]
    if not isinstance(derived[0], ServiceEvent):
        return derived
    relabelled = label_events(
        [f for f in derived if isinstance(f, ServiceEvent)], await stored_memberships(connection, persons_of(derived))
    )
    return [fact if now == fact else now for fact, now in zip(derived, relabelled, strict=True)]


_CLIENTS: Final = Clients(SCHEMA, tuple(TABLES.values()))
REFOLD: Final = Refold(
    SCHEMA, tuple(TABLES.values()), derive, fold, version, StagedChange(_stage_chunk, _activate_memberships)
)
REPLAY: Final = Replay(
    SCHEMA, tuple(TABLES.values()), MEASURES, contributions, _rederive, fold, _check_persons, _CLIENTS
)
