"""When the cells of a period are recomputed: after a change, by one replica at a time."""

import asyncio
from typing import Any

import asyncpg
import pytest

from services.fcr.cells import Cells
from shared.postgres.lease import Leases, unshared
from tests.deadlines import DEADLINE_S
from tests.product import Database
from tests.store.fcr_harness import BERTTA, COUNTY, DAY, START, Store, contact, retracted

REVOLVING = "clients, revolving_clients, index"
LONG_AGO = START - 400 * DAY


async def test_only_stale_periods_are_recomputed(fcr: Store) -> None:
    await fcr.feed(contact("a"), contact("far", LONG_AGO))
    await fcr.refresh_cells()
    await fcr.pool.execute("update fcr.client_cell set clients = 99; update fcr.revolving_cell set clients = 99")
    await fcr.feed(contact("b", client=BERTTA))
    await fcr.refresh_cells()
    affected = {"2026-03", "2026-04", "2026Q1", "2026Q2", "2026"}
    for table in ("client_cell", "revolving_cell"):
        rows = await fcr.fetch(f"select distinct period, clients from fcr.{table}")
        recomputed = {period for period, clients in rows if clients != 99}
        assert recomputed == {"2026-03", "2026Q1", "2026"}
        assert {period for period, clients in rows if clients == 99}.isdisjoint(affected)


async def test_facts_without_a_handled_client_make_nothing_stale(fcr: Store) -> None:
    unanswered = contact("b", answered_at=None)
    await fcr.feed(unanswered, contact("c", client=None), contact("d", channel="digital_booking"))
    await fcr.feed(retracted(contact_id="e"), contact("f", excluded="test"))
    assert await fcr.stale() == set()


async def test_change_during_recomputation_keeps_the_period_stale(fcr: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch commits before the recomputation does: the period stays stale, and the next run has the right counts."""
    await fcr.feed(contact("a"))
    interrupted: list[str] = []
    execute: Any = asyncpg.Connection.execute

    async def execute_and_feed(self: Any, query: str, *arguments: object, **options: object) -> Any:
        status = await execute(self, query, *arguments, **options)
        if "insert into fcr.revolving_cell" in query and "2026-03" in arguments and not interrupted:
            interrupted.append(query)
            await fcr.feed(contact("b", START + DAY, client=BERTTA))
        return status

    monkeypatch.setattr(asyncpg.Connection, "execute", execute_and_feed)
    await fcr.refresh_cells()
    assert interrupted
    assert "2026-03" in await fcr.stale()
    assert await fcr.row("revolving", REVOLVING) == (1, 0, 0.0)
    await fcr.refresh_cells()
    assert await fcr.stale() == set()
    assert await fcr.row("revolving", REVOLVING) == (2, 0, 0.0)


async def test_one_replica_counts_a_county_at_a_time(fcr: Store, database: Database) -> None:
    """The second replica skips a county that the first one counts, and counts the others."""
    await fcr.feed(contact("a"), contact("p", county="pirha"))
    first, second = (Leases(database.dsn("hva_fcr"), "fcr") for _ in range(2))
    cells = Cells(fcr.pool, second.hold, 2)
    async with first.hold("cells", COUNTY) as held:
        assert held
        await cells.refresh_now()
        assert set(await fcr.fetch("select distinct county from fcr.stale")) == {(COUNTY,)}
    await cells.refresh_now()
    assert await fcr.stale() == set()
    for leases in (first, second):
        await leases.close()


async def test_counties_are_counted_side_by_side(fcr: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two at a time: a count waits until a second one has begun, and no third one begins."""
    counties = [COUNTY, "pirha", "vantaa-kerava"]
    await fcr.feed(*(contact("a", county=county) for county in counties))
    counting, most, second = set[str](), 0, asyncio.Event()
    count = Cells._count

    async def count_with_another(self: Cells, connection: Any, period: Any, days: Any) -> None:
        nonlocal most
        counting.add(period[0])
        most = max(most, len(counting))
        if len(counting) == 2:
            second.set()
        await asyncio.wait_for(second.wait(), DEADLINE_S)
        await count(self, connection, period, days)
        counting.discard(period[0])

    monkeypatch.setattr(Cells, "_count", count_with_another)
    await fcr.refresh_cells()
    assert (most, await fcr.stale()) == (2, set())


async def test_the_job_counts_what_is_due(fcr: Store) -> None:
    """A period is due when it has not changed for a second."""
    now = 0.0
    cells = Cells(fcr.pool, unshared, 1, lambda: now)
    await fcr.feed(contact("a"))
    await cells.refresh()
    assert len(await fcr.stale()) == 5
    now = 0.5
    await fcr.feed(contact("b", client=BERTTA))
    await cells.refresh()
    now = 1.25
    await cells.refresh()
    assert len(await fcr.stale()) == 5
    now = 1.5
    await cells.refresh()
    assert await fcr.stale() == set()


async def test_failed_recomputation_does_not_stop_other_periods(fcr: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    execute: Any = asyncpg.Connection.execute

    async def fail_for_march(self: Any, query: str, *arguments: object, **options: object) -> Any:
        if "insert into fcr.client_cell" in query and "2026-03" in arguments:
            raise asyncpg.QueryCanceledError("too long")
        return await execute(self, query, *arguments, **options)

    await fcr.feed(contact("a"))
    with monkeypatch.context() as patched:
        patched.setattr(asyncpg.Connection, "execute", fail_for_march)
        with pytest.raises(asyncpg.QueryCanceledError):
            await fcr.refresh_cells()
    assert await fcr.stale() == {"2026-03"}
    assert await fcr.row("revolving", REVOLVING) is None
    assert await fcr.row("revolving", REVOLVING, period="2026") == (1, 0, 0.0)
    await fcr.refresh_cells()
    assert await fcr.row("revolving", REVOLVING) == (1, 0, 0.0)


async def test_counties_have_separate_cells(fcr: Store) -> None:
    await fcr.feed(contact("a"), contact("a", county="pirha"), contact("b", county="pirha", client=BERTTA))
    await fcr.refresh_cells()
    rows = await fcr.fetch(
        "select county, clients from figures.revolving "
        "where period = '2026-03' and scope_level = 'county' and segment = 'all' order by 1"
    )
    assert rows == [(COUNTY, 1), ("pirha", 2)]
