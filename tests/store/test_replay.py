"""A replay finds and repairs errors in stored state. An audit only finds them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from services.fcr import store as fcr_store
from services.fcr.cells import Cells
from services.segments import store as segments_store
from shared.deltas import Deltas
from shared.postgres import chunks, clients, sums
from shared.postgres import replay as replay_module
from shared.postgres.lease import unshared
from tests.store import fcr_harness, segments_harness
from tests.store.fcr_harness import ANNA, BERTTA, COUNTY, DAY, START, contact
from tests.store.segments_harness import event, flag, merged, suuntima, wrong_counts

NOON = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
async def populated(segments: segments_harness.Store) -> segments_harness.Store:
    """A store with facts of every type, a membership and merged persons."""
    await segments.feed(
        event("a"),
        event("b", "lapsiperheet", client=BERTTA),
        flag("f"),
        suuntima("s"),
        event("c", at=START + 3 * DAY, status="cancelled"),
        *(merged(f"m{one}", f"k1.{one:022}", f"k1.{one + 1:022}") for one in range(3)),
        flag("p", client=f"k1.{3:022}"),
        event("d", client=f"k1.{0:022}"),
    )
    return segments


@pytest.mark.parametrize(
    "damage",
    [
        "update segments.care_month set events = events + 2 where sector = 'vastaanotto'",
        "delete from segments.suuntima_day",
        "insert into segments.care_day select county, day, 77, sector, event_class, 1 from segments.care_day",
        "update segments.service_event set segment = 'other' where id = 'a'",
        "update segments.service_event set unit_row = 5 where id = 'b'",
        "delete from segments.membership",
        "insert into segments.membership select county, person + 10000, first, until from segments.membership",
        "delete from segments.history",
        "update segments.history set intervals = '[]'",
        "update segments.client set person = number",
        "update segments.client set person = (select min(number) from segments.client)",
        "delete from segments.client where person = number",
        "delete from segments.client where person <> number",
        "delete from segments.client",
        "update segments.service_event set person = person + 1 where id = 'd'",
        "update segments.flag set person = null",
    ],
)
async def test_damage_is_found_by_audit_and_repaired_by_replay(populated: segments_harness.Store, damage: str) -> None:
    pool, registers = populated.pool, populated.registers
    expected = await _state(populated)
    assert wrong_counts(await segments_store.REPLAY.audit(pool, registers)) == (0, 0)

    await pool.execute(damage)
    damaged = await _state(populated)
    found = await segments_store.REPLAY.audit(pool, registers)
    assert sum(wrong_counts(found)) > 0
    assert await _state(populated) == damaged, "an audit changes nothing"

    assert sum(wrong_counts(await segments_store.REPLAY.run(pool, registers))) > 0
    assert wrong_counts(await segments_store.REPLAY.audit(pool, registers)) == (0, 0)
    assert await _state(populated) == expected


async def _state(populated: segments_harness.Store) -> tuple[Any, ...]:
    clients_by_person = """
        select array_agg(client order by client)::text from segments.client group by person order by 1"""
    facts_of_wrong_person = """
        select f.id from segments.service_event f join segments.client c on c.client = f.own_client
        where f.person <> c.person"""
    persons = (
        await populated.members(),
        await populated.histories(),
        await populated.fetch(clients_by_person),
        await populated.fetch(facts_of_wrong_person),
    )
    return (
        await populated.buckets(),
        await populated.labels(),
        *persons,
        await populated.fetch("select count(*) from segments.membership"),
    )


async def test_change_between_sum_and_repair_is_not_lost(
    populated: segments_harness.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await populated.pool.execute("update segments.care_month set events = events + 2")
    sum_facts = segments_store.REPLAY.__class__._sum_facts

    async def sum_facts_and_feed(*arguments: Any) -> Any:
        found = await sum_facts(*arguments)
        await populated.feed(event("late"), event("a", "lapsiperheet", revision=2))
        return found

    with monkeypatch.context() as patch:
        patch.setattr(segments_store.REPLAY.__class__, "_sum_facts", sum_facts_and_feed)
        await segments_store.REPLAY.run(populated.pool, populated.registers)
    assert wrong_counts(await segments_store.REPLAY.audit(populated.pool, populated.registers)) == (0, 0)


async def test_links_and_cells_of_contacts_are_repaired(fcr: fcr_harness.Store) -> None:
    await fcr.feed(contact("a"), contact("b", START + DAY), contact("c", START + 5 * DAY, client=BERTTA))
    await fcr.refresh_cells()
    expected = await fcr.links(), await fcr.buckets(), await fcr.cells()
    await fcr.pool.execute("update fcr.contact set repeated_within = null where id = 'a'")
    await fcr.pool.execute("update fcr.client_cell set clients = 7 where scope_level = 'county'")
    replay = replace(fcr_store.REPLAY, cells=Cells(fcr.pool, unshared, 1).check)
    found = await replay.audit(fcr.pool, fcr.registers)
    assert found.wrong_facts == 1 and found.wrong_cells > 0

    await replay.run(fcr.pool, fcr.registers)
    await fcr.refresh_cells()
    assert (await fcr.links(), await fcr.buckets(), await fcr.cells()) == expected
    assert wrong_counts(await replay.audit(fcr.pool, fcr.registers)) == (0, 0)


@pytest.mark.parametrize("damage", ["update fcr.client set person = number", "delete from fcr.client"])
async def test_persons_of_contacts_are_repaired(fcr: fcr_harness.Store, damage: str) -> None:
    await fcr.feed(contact("a"), contact("b", START + DAY, client=BERTTA))
    await fcr.feed_persons(merged("m", ANNA, BERTTA))
    await fcr.refresh_cells()
    expected = await fcr.links(), await fcr.buckets(), await fcr.cells()
    replay = replace(fcr_store.REPLAY, cells=Cells(fcr.pool, unshared, 1).check)
    assert wrong_counts(await replay.audit(fcr.pool, fcr.registers)) == (0, 0)
    await fcr.pool.execute(damage)
    assert (await replay.audit(fcr.pool, fcr.registers)).wrong_facts > 0
    assert (await replay.run(fcr.pool, fcr.registers)).wrong_facts > 0
    await fcr.refresh_cells()
    assert (await fcr.links(), await fcr.buckets(), await fcr.cells()) == expected
    await fcr.feed(contact("c", START + 2 * DAY, client=BERTTA))
    assert (await fcr.links())["c"][0] is not None, "it repeats a contact of the merged client"
    assert wrong_counts(await replay.audit(fcr.pool, fcr.registers)) == (0, 0)


async def test_deleted_cells_are_recomputed(fcr: fcr_harness.Store) -> None:
    await fcr.feed(contact("a"), contact("b", START + DAY))
    await fcr.refresh_cells()
    expected = await fcr.cells()
    await fcr.pool.execute("delete from fcr.client_cell; delete from fcr.revolving_cell")
    replay = replace(fcr_store.REPLAY, cells=Cells(fcr.pool, unshared, 1).check)
    assert (await replay.audit(fcr.pool, fcr.registers)).wrong_cells > 0
    await replay.run(fcr.pool, fcr.registers)
    assert await fcr.cells() == expected
    assert wrong_counts(await replay.audit(fcr.pool, fcr.registers)) == (0, 0)


async def test_memory_is_bounded_in_a_large_county(
    populated: segments_harness.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deltas of buckets are held in memory up to a limit plus one chunk, however many facts a county has."""
    await populated.feed(*(event(f"day{n}", at=START - n * DAY) for n in range(60)))
    sizes = list[int]()
    add = Deltas.add

    def add_and_measure(deltas: Deltas, *arguments: Any) -> None:
        add(deltas, *arguments)
        sizes.append(sum(len(buckets) for buckets in deltas._counts.values()))

    monkeypatch.setattr(replay_module, "CHUNK", 5)
    monkeypatch.setattr(sums, "MAX_DELTAS", 10)
    monkeypatch.setattr(sums, "FETCH_ROWS", 7)
    with monkeypatch.context() as patch:
        patch.setattr(Deltas, "add", add_and_measure)
        assert wrong_counts(await segments_store.REPLAY.audit(populated.pool, populated.registers)) == (0, 0)
    assert max(sizes) <= 10 + 5
    expected = await populated.buckets()
    await populated.pool.execute("update segments.care_day set events = events + 1; delete from segments.care_month")
    assert (await segments_store.REPLAY.run(populated.pool, populated.registers)).wrong_cells > 60
    assert await populated.buckets() == expected


@pytest.mark.parametrize(
    "damage",
    ["update segments.client set person = 1000 + number", "delete from segments.client"],
)
async def test_county_lock_is_held_for_one_chunk_of_clients(
    populated: segments_harness.Store, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    expected = await _state(populated)
    await populated.pool.execute(damage)
    monkeypatch.setattr(clients, "CHUNK", 2)
    monkeypatch.setattr(chunks, "_ROWS", 2)
    rows_per_lock = list[int]()
    execute, fetch = asyncpg.Connection.execute, asyncpg.Connection.fetch

    async def count_updates(connection: Any, query: str, *arguments: Any, **options: Any) -> Any:
        if query.startswith("select pg_advisory_xact_lock"):
            rows_per_lock.append(0)
        elif query.lstrip().startswith("update") and rows_per_lock:
            rows_per_lock[-1] += len(arguments[1])
        return await execute(connection, query, *arguments, **options)

    async def count_inserts(connection: Any, query: str, *arguments: Any, **options: Any) -> Any:
        rows = await fetch(connection, query, *arguments, **options)
        if rows_per_lock and "insert into" in query:
            rows_per_lock[-1] += len(rows)
        return rows

    with monkeypatch.context() as patch:
        patch.setattr(asyncpg.Connection, "execute", count_updates)
        patch.setattr(asyncpg.Connection, "fetch", count_inserts)
        await segments_store.REPLAY.clients.repair(populated.pool, COUNTY)
    assert max(rows_per_lock) <= 2 < sum(rows_per_lock)
    await segments_store.REPLAY.run(populated.pool, populated.registers)
    assert await _state(populated) == expected
