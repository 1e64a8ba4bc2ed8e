"""When the cells of a period are recomputed: after a change, by one replica at a time, and with a cooldown."""

from typing import Any

import asyncpg
import pytest

from services.fcr.cells import Cells
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


async def test_one_replica_recomputes_at_a_time(fcr: Store) -> None:
    """The second replica skips the period, which stays stale until it is recomputed."""
    await fcr.feed(contact("a"))
    async with fcr.pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", 0x6876_6163_656C_6C73)
        await fcr.refresh_cells()
        assert "2026-03" in await fcr.stale()
    await fcr.refresh_cells()
    assert await fcr.stale() == set()


async def test_recomputed_period_has_a_cooldown(fcr: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recomputation of one second has a cooldown of ten seconds, for its own period only."""
    now = 0.0
    execute: Any = asyncpg.Connection.execute

    async def execute_for_one_second(self: Any, query: str, *arguments: object, **options: object) -> Any:
        nonlocal now
        now += "insert into fcr.client_cell" in query
        return await execute(self, query, *arguments, **options)

    monkeypatch.setattr(asyncpg.Connection, "execute", execute_for_one_second)
    cells = Cells(fcr.pool, lambda: now)
    await fcr.feed(contact("a"))
    await cells.refresh()
    assert (now, await fcr.stale()) == (5.0, set())
    await cells.refresh()  # no stale period: the cooldown continues
    await fcr.feed(contact("b", client=BERTTA), contact("far", LONG_AGO))
    await cells.refresh()
    assert (now, await fcr.stale()) == (9.0, {"2026-03", "2026-04", "2026Q1", "2026Q2", "2026"})
    now = 10.5
    await cells.refresh()
    assert len(await fcr.stale()) == 5
    now = 15.0
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
