"""When the cells of a period are counted: after a change, by one replica at a time, and with a cooldown."""

from typing import Any

import asyncpg
import pytest

from services.fcr.cells import Cells
from tests.store.fcr_stage import BERTTA, COUNTY, DAY, START, Store, contact, retracted

REVOLVING = "clients, revolving_clients, index"
FAR = START - 400 * DAY


async def test_only_stale_periods_are_counted(fcr: Store) -> None:
    await fcr.feed(contact("a"), contact("far", FAR))
    await fcr.count()
    await fcr.pool.execute("update fcr.client_cell set clients = 99; update fcr.revolving_cell set clients = 99")
    await fcr.feed(contact("b", client=BERTTA))
    await fcr.count()
    affected = {"2026-03", "2026-04", "2026Q1", "2026Q2", "2026"}
    for table in ("client_cell", "revolving_cell"):
        rows = await fcr.all(f"select distinct period, clients from fcr.{table}")
        counted = {period for period, clients in rows if clients != 99}
        assert counted == {"2026-03", "2026Q1", "2026"}
        assert {period for period, clients in rows if clients == 99}.isdisjoint(affected)


async def test_facts_without_a_handled_client_make_nothing_stale(fcr: Store) -> None:
    unanswered = contact("b", answered_at=None)
    await fcr.feed(unanswered, contact("c", client=None), contact("d", channel="digital_booking"))
    await fcr.feed(retracted(contact_id="e"), contact("f", excluded="test"))
    assert await fcr.stale() == set()


async def test_a_change_during_a_count_keeps_the_period_stale(fcr: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch commits between the count and its commit: the period stays stale, and the next count is right."""
    await fcr.feed(contact("a"))
    interrupted: list[str] = []
    execute: Any = asyncpg.Connection.execute

    async def feed_after_counting(self: Any, query: str, *arguments: object, **options: object) -> Any:
        done = await execute(self, query, *arguments, **options)
        if "insert into fcr.revolving_cell" in query and "2026-03" in arguments and not interrupted:
            interrupted.append(query)
            await fcr.feed(contact("b", START + DAY, client=BERTTA))
        return done

    monkeypatch.setattr(asyncpg.Connection, "execute", feed_after_counting)
    await fcr.count()
    assert interrupted
    assert "2026-03" in await fcr.stale()
    assert await fcr.row("revolving", REVOLVING) == (1, 0, 0.0)
    await fcr.count()
    assert await fcr.stale() == set()
    assert await fcr.row("revolving", REVOLVING) == (2, 0, 0.0)


async def test_one_replica_counts_at_a_time(fcr: Store) -> None:
    """The second replica skips the period; it stays stale until it is counted."""
    await fcr.feed(contact("a"))
    async with fcr.pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", 0x6876_6163_656C_6C73)
        await fcr.count()
        assert "2026-03" in await fcr.stale()
    await fcr.count()
    assert await fcr.stale() == set()


async def test_a_busy_period_has_a_cooldown(fcr: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A count of one second has a cooldown of ten; other periods do not wait for it."""
    now = 0.0
    execute: Any = asyncpg.Connection.execute

    async def slowly(self: Any, query: str, *arguments: object, **options: object) -> Any:
        nonlocal now
        now += "insert into fcr.client_cell" in query
        return await execute(self, query, *arguments, **options)

    monkeypatch.setattr(asyncpg.Connection, "execute", slowly)
    cells = Cells(fcr.pool, lambda: now)
    await fcr.feed(contact("a"))
    await cells.refresh()
    assert (now, await fcr.stale()) == (5.0, set())
    await cells.refresh()  # nothing to do; the cooldown continues
    await fcr.feed(contact("b", client=BERTTA), contact("far", FAR))
    await cells.refresh()
    assert (now, await fcr.stale()) == (9.0, {"2026-03", "2026-04", "2026Q1", "2026Q2", "2026"})
    now = 10.5
    await cells.refresh()
    assert len(await fcr.stale()) == 5
    now = 15.0
    await cells.refresh()
    assert await fcr.stale() == set()


async def test_a_failed_count_does_not_stop_others(fcr: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    execute: Any = asyncpg.Connection.execute

    async def failing(self: Any, query: str, *arguments: object, **options: object) -> Any:
        if "insert into fcr.client_cell" in query and "2026-03" in arguments:
            raise asyncpg.QueryCanceledError("too long")
        return await execute(self, query, *arguments, **options)

    await fcr.feed(contact("a"))
    with monkeypatch.context() as patched:
        patched.setattr(asyncpg.Connection, "execute", failing)
        with pytest.raises(asyncpg.QueryCanceledError):
            await fcr.count()
    assert await fcr.stale() == {"2026-03"}
    assert await fcr.row("revolving", REVOLVING) is None
    assert await fcr.row("revolving", REVOLVING, period="2026") == (1, 0, 0.0)
    await fcr.count()
    assert await fcr.row("revolving", REVOLVING) == (1, 0, 0.0)


async def test_counties_are_counted_separately(fcr: Store) -> None:
    await fcr.feed(contact("a"), contact("a", county="pirha"), contact("b", county="pirha", client=BERTTA))
    await fcr.count()
    rows = await fcr.all(
        "select county, clients from figures.revolving "
        "where period = '2026-03' and scope_level = 'county' and segment = 'all' order by 1"
    )
    assert rows == [(COUNTY, 1), ("pirha", 2)]
