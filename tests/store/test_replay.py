"""A replay finds what somebody broke behind the services' backs, and puts it right; an audit only finds it."""

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
from tests.store import fcr_stage, segments_stage
from tests.store.fcr_stage import ANNA, BERTTA, COUNTY, DAY, START, contact
from tests.store.segments_stage import broken, event, flag, merged, suuntima

NOON = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
async def told(segments: segments_stage.Store) -> segments_stage.Store:
    """A little of everything."""
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
    "harm",
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
async def test_what_is_broken_is_found_and_mended(told: segments_stage.Store, harm: str) -> None:
    pool, registers = told.pool, told.registers
    right = await _state(told)
    assert broken(await segments_store.REPLAY.audit(pool, registers)) == (0, 0)

    await pool.execute(harm)
    harmed = await _state(told)
    found = await segments_store.REPLAY.audit(pool, registers)
    assert sum(broken(found)) > 0
    assert await _state(told) == harmed, "an audit changes nothing"

    assert sum(broken(await segments_store.REPLAY.run(pool, registers))) > 0
    assert broken(await segments_store.REPLAY.audit(pool, registers)) == (0, 0)
    assert await _state(told) == right


async def _state(told: segments_stage.Store) -> tuple[Any, ...]:
    together = """
        select array_agg(client order by client)::text from segments.client group by person order by 1"""
    astray = """
        select f.id from segments.service_event f join segments.client c on c.client = f.own_client
        where f.person <> c.person"""
    known = await told.members(), await told.histories(), await told.all(together), await told.all(astray)
    return await told.buckets(), await told.labels(), *known, await told.all("select count(*) from segments.membership")


async def test_a_change_between_counting_and_mending_is_not_lost(
    told: segments_stage.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await told.pool.execute("update segments.care_month set events = events + 2")
    sum_facts = segments_store.REPLAY.__class__._sum_facts

    async def late(*arguments: Any) -> Any:
        found = await sum_facts(*arguments)
        await told.feed(event("late"), event("a", "lapsiperheet", revision=2))
        return found

    with monkeypatch.context() as patch:
        patch.setattr(segments_store.REPLAY.__class__, "_sum_facts", late)
        await segments_store.REPLAY.run(told.pool, told.registers)
    assert broken(await segments_store.REPLAY.audit(told.pool, told.registers)) == (0, 0)


async def test_links_and_cells_of_contacts(fcr: fcr_stage.Store) -> None:
    await fcr.feed(contact("a"), contact("b", START + DAY), contact("c", START + 5 * DAY, client=BERTTA))
    await fcr.count()
    right = await fcr.links(), await fcr.buckets(), await fcr.cells()
    await fcr.pool.execute("update fcr.contact set repeated_within = null where id = 'a'")
    await fcr.pool.execute("update fcr.client_cell set clients = 7 where scope_level = 'county'")
    whole = replace(fcr_store.REPLAY, cells=Cells(fcr.pool).check)
    found = await whole.audit(fcr.pool, fcr.registers)
    assert found.wrong_facts == 1 and found.wrong_cells > 0

    await whole.run(fcr.pool, fcr.registers)
    await fcr.count()
    assert (await fcr.links(), await fcr.buckets(), await fcr.cells()) == right
    assert broken(await whole.audit(fcr.pool, fcr.registers)) == (0, 0)


@pytest.mark.parametrize("harm", ["update fcr.client set person = number", "delete from fcr.client"])
async def test_persons_of_contacts(fcr: fcr_stage.Store, harm: str) -> None:
    await fcr.feed(contact("a"), contact("b", START + DAY, client=BERTTA))
    await fcr.tell(merged("m", ANNA, BERTTA))
    await fcr.count()
    right = await fcr.links(), await fcr.buckets(), await fcr.cells()
    whole = replace(fcr_store.REPLAY, cells=Cells(fcr.pool).check)
    assert broken(await whole.audit(fcr.pool, fcr.registers)) == (0, 0)
    await fcr.pool.execute(harm)
    assert (await whole.audit(fcr.pool, fcr.registers)).wrong_facts > 0
    assert (await whole.run(fcr.pool, fcr.registers)).wrong_facts > 0
    await fcr.count()
    assert (await fcr.links(), await fcr.buckets(), await fcr.cells()) == right
    await fcr.feed(contact("c", START + 2 * DAY, client=BERTTA))
    assert (await fcr.links())["c"][0] is not None, "it repeats the other's"
    assert broken(await whole.audit(fcr.pool, fcr.registers)) == (0, 0)


async def test_cells_that_are_gone_altogether(fcr: fcr_stage.Store) -> None:
    await fcr.feed(contact("a"), contact("b", START + DAY))
    await fcr.count()
    right = await fcr.cells()
    await fcr.pool.execute("delete from fcr.client_cell; delete from fcr.revolving_cell")
    whole = replace(fcr_store.REPLAY, cells=Cells(fcr.pool).check)
    assert (await whole.audit(fcr.pool, fcr.registers)).wrong_cells > 0
    await whole.run(fcr.pool, fcr.registers)
    assert await fcr.cells() == right
    assert broken(await whole.audit(fcr.pool, fcr.registers)) == (0, 0)


async def test_memory_does_not_grow_with_the_county(
    told: segments_stage.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Places of buckets are held up to a limit and for one chunk of facts, however many a county has."""
    await told.feed(*(event(f"day{n}", at=START - n * DAY) for n in range(60)))
    held = list[int]()
    add = Deltas.add

    def counted(deltas: Deltas, *arguments: Any) -> None:
        add(deltas, *arguments)
        held.append(sum(len(places) for places in deltas._counts.values()))

    monkeypatch.setattr(replay_module, "CHUNK", 5)
    monkeypatch.setattr(sums, "MAX_DELTAS", 10)
    monkeypatch.setattr(sums, "FETCH_ROWS", 7)
    with monkeypatch.context() as patch:
        patch.setattr(Deltas, "add", counted)
        assert broken(await segments_store.REPLAY.audit(told.pool, told.registers)) == (0, 0)
    assert max(held) <= 10 + 5
    right = await told.buckets()
    await told.pool.execute("update segments.care_day set events = events + 1; delete from segments.care_month")
    assert (await segments_store.REPLAY.run(told.pool, told.registers)).wrong_cells > 60
    assert await told.buckets() == right


@pytest.mark.parametrize(
    "harm",
    ["update segments.client set person = 1000 + number", "delete from segments.client"],
)
async def test_a_county_is_held_for_one_chunk_of_its_clients_at_a_time(
    told: segments_stage.Store, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    right = await _state(told)
    await told.pool.execute(harm)
    monkeypatch.setattr(clients, "CHUNK", 2)
    monkeypatch.setattr(chunks, "_ROWS", 2)
    written = list[int]()
    execute, fetch = asyncpg.Connection.execute, asyncpg.Connection.fetch

    async def counted(connection: Any, query: str, *arguments: Any, **options: Any) -> Any:
        if query.startswith("select pg_advisory_xact_lock"):
            written.append(0)
        elif query.lstrip().startswith("update") and written:
            written[-1] += len(arguments[1])
        return await execute(connection, query, *arguments, **options)

    async def added(connection: Any, query: str, *arguments: Any, **options: Any) -> Any:
        rows = await fetch(connection, query, *arguments, **options)
        written[-1:] = [written[-1] + len(rows)] if written and "insert into" in query else written[-1:]
        return rows

    with monkeypatch.context() as patch:
        patch.setattr(asyncpg.Connection, "execute", counted)
        patch.setattr(asyncpg.Connection, "fetch", added)
        await segments_store.REPLAY.clients.repair(told.pool, COUNTY)
    assert max(written) <= 2 < sum(written)
    await segments_store.REPLAY.run(told.pool, told.registers)
    assert await _state(told) == right
