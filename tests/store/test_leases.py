"""Leases on a real PostgreSQL: one holder at a time, and another one soon after the holder died, hung or froze."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import pytest

from shared.postgres.lease import LeaseLostError, Leases
from tests.conftest import ServerUnderTest
from tests.deadlines import DEADLINE_S
from tests.product import ROOT, Database
from tests.replica import wait_until

Changes = list[tuple[str, str, bool]]


@pytest.fixture
async def make(database: Database) -> AsyncIterator[Callable[[], Leases]]:
    """Makes the leases of one more replica of `segments`."""
    made: list[Leases] = []

    def replica(changes: Changes | None = None) -> Leases:
        def note(*change: object) -> None:
            if changes is not None:
                changes.append(change)  # type: ignore[arg-type]

        made.append(Leases(database.dsn("hva_segments"), "segments", note))
        return made[-1]

    yield replica
    for leases in made:
        await leases.close()


async def is_free(leases: Leases, job: str = "outbox", county: str = "") -> bool:
    async with leases.hold(job, county) as held:
        return held


async def end_sessions(database: Database) -> None:
    """End every session that holds leases."""
    connection = await asyncpg.connect(database.dsn("hva_segments"))
    await connection.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'hva-segments-leases'"
    )
    await connection.close()


async def test_one_replica_holds_a_lease_until_it_releases_it(make: Callable[..., Leases]) -> None:
    changes: Changes = []
    one, other = make(changes), make()
    async with one.hold("outbox") as held:
        assert held and changes == [("outbox", "", True)]
        assert not await is_free(other) and not await is_free(one), "not twice, not even for the same replica"
    assert changes[1:] == [("outbox", "", False)]
    assert await is_free(other) and await is_free(one)


async def test_leases_of_other_jobs_and_counties_are_free(make: Callable[..., Leases]) -> None:
    one, other = make(), make()
    async with one.hold("audit", "pirha") as held:
        assert held
        assert await is_free(other, "audit", "oma-hame") and await is_free(other, "refold", "pirha")
        assert not await is_free(other, "audit", "pirha")


async def test_many_leases_are_held_and_released_side_by_side(make: Callable[..., Leases]) -> None:
    one, other = make(), make()
    counties = [f"county-{n}" for n in range(21)]
    async with AsyncExitStack() as stack:
        for county in counties:
            assert await stack.enter_async_context(one.hold("audit", county))
        assert not any([await is_free(other, "audit", county) for county in counties])
    assert all(await asyncio.gather(*(is_free(other, "audit", county) for county in counties)))


async def test_error_of_the_job_releases_the_lease(make: Callable[..., Leases]) -> None:
    one, other = make(), make()
    with pytest.raises(ZeroDivisionError):
        async with one.hold("outbox"):
            raise ZeroDivisionError
    assert await is_free(other)


async def test_cancelled_job_stays_cancelled_and_releases_the_lease(make: Callable[..., Leases]) -> None:
    one, other, began = make(), make(), asyncio.Event()

    async def job() -> None:
        async with one.hold("outbox"):
            began.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(job())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await is_free(other)


@asynccontextmanager
async def cancelled_within(leases: Leases) -> AsyncIterator[None]:
    """A context during which the lease of a waiting job must be lost."""
    began = asyncio.Event()

    async def job() -> None:
        async with leases.hold("outbox") as held:
            assert held
            began.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(job())
    await began.wait()
    yield
    done, _ = await asyncio.wait({task}, timeout=DEADLINE_S)
    assert done, "the job is not cancelled"
    assert isinstance(task.exception(), LeaseLostError) and task.cancelling() == 0


async def test_ended_session_cancels_the_job_and_frees_the_lease(
    make: Callable[..., Leases], database: Database
) -> None:
    one, other = make(), make()
    async with cancelled_within(one):
        await end_sessions(database)
    assert await is_free(other) and await is_free(one), "with new connections"


async def test_job_that_ignores_the_cancellation_loses_the_lease_at_its_end(
    make: Callable[..., Leases], database: Database
) -> None:
    one = make()
    with pytest.raises(LeaseLostError):
        async with one.hold("outbox"):
            ending = asyncio.create_task(end_sessions(database))
            try:
                await asyncio.sleep(DEADLINE_S)
            except asyncio.CancelledError:
                assert not await is_free(one), "while the job has not ended"
            await ending
    assert await is_free(one)


async def test_restart_of_the_server_cancels_the_job(
    make: Callable[..., Leases], postgres_server: ServerUnderTest
) -> None:
    one, other = make(), make()
    async with cancelled_within(one):
        await asyncio.to_thread(postgres_server.restart, "immediate")
    assert await is_free(other)


async def test_server_that_hangs_is_noticed(make: Callable[..., Leases], postgres_server: ServerUnderTest) -> None:
    one = make()
    async with cancelled_within(one):
        with postgres_server.paused(), pytest.raises((TimeoutError, asyncpg.InterfaceError, OSError)):
            await one.beat()
    assert await is_free(one)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
async def test_lease_of_a_dead_or_frozen_process_becomes_free(
    make: Callable[..., Leases], database: Database, end: signal.Signals
) -> None:
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.store.lease_holder", database.dsn("hva_segments")),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None and await holder.stdout.readline() == b"held\n"
        other = make()
        assert not await is_free(other)
        holder.send_signal(end)
        await wait_until(lambda: is_free(other), "another replica holds the lease")
    finally:
        with contextlib.suppress(ProcessLookupError):
            holder.kill()
        await holder.wait()


async def test_connection_lost_during_a_release_cancels_nothing(
    make: Callable[..., Leases], monkeypatch: pytest.MonkeyPatch
) -> None:
    leases, ask = make(), Leases._ask

    async def lose_connection(self: Leases, query: str, arguments: tuple[int, ...]) -> bool:
        if "unlock" in query:
            self._connection.terminate()
            await asyncio.sleep(0)
            raise ConnectionResetError
        return await ask(self, query, arguments)

    monkeypatch.setattr(Leases, "_ask", lose_connection)
    async with leases.hold("cells", "pirha") as held:
        assert held
    await asyncio.sleep(0)  # where a request to cancel this task would take effect
    task = asyncio.current_task()
    assert task is not None and not task.cancelling()
