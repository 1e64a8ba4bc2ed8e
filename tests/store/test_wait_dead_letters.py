"""`hva wait` waits for the dead letters of every service that are due for a redrive, and for no others."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from deploy.embedded.services import SERVICES
from deploy.hva.wait import _redriven
from shared.contracts.reasons import Reason
from shared.dead_letters import DeadLetter
from shared.postgres.pool import make_pool
from shared.postgres.registers import load
from shared.registers import Registers, load_folder
from tests.product import SAMPLE, Database
from tests.store.dead_letters import dead_letter, store

PAST = datetime.now(UTC) - timedelta(hours=1)
FUTURE = PAST + timedelta(days=1)


@pytest.fixture(scope="module")
def registers() -> Registers:
    return load_folder(SAMPLE / "config")


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def pool(database: Database, service: str, registers: Registers) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    """A pool with the role of the service. The registers are loaded."""
    pool = await make_pool(database.dsn(f"hva_{service}"), "test")
    async with pool.acquire() as connection:
        await load(connection, registers)
    yield pool
    await pool.close()


async def reason_to_wait(database: Database, service: str) -> str | None:
    connection = await asyncpg.connect(database.dsn("hva_steward"))
    try:
        return await _redriven(connection, service)
    finally:
        await connection.close()


def dead_letters(version: str) -> list[tuple[DeadLetter, str, bool]]:
    """Dead letters with their state, and whether `hva wait` waits for them."""
    unit, source, future, schema = Reason.UNKNOWN_UNIT, Reason.UNKNOWN_SOURCE, Reason.FUTURE_TIME, Reason.SCHEMA
    kinds: list[tuple[Reason, str, datetime | None, str, bool]] = [
        (future, "", PAST, "open", True),
        (future, "", FUTURE, "open", False),
        (future, "", None, "open", False),
        (unit, "before", None, "open", True),
        (source, "before", None, "open", True),
        (unit, version, None, "open", False),
        (source, version, None, "open", False),
        (schema, "before", None, "open", False),
        (schema, "", None, "redrive", True),
        (Reason.HANDLER_BUG, "", None, "redrive", True),
        (future, "", FUTURE, "redrive", True),
    ]
    kinds += [(*kind[:3], state, False) for kind in kinds for state in ("resolved", "discarded")]
    return [
        (dead_letter(number, reason, registers=registers, retry_at=retry_at), state, waits)
        for number, (reason, registers, retry_at, state, waits) in enumerate(kinds)
    ]


async def test_wait_counts_dead_letters_that_will_be_redriven(
    database: Database, pool: "asyncpg.Pool[asyncpg.Record]", service: str, registers: Registers
) -> None:
    assert await reason_to_wait(database, service) is None
    expected = 0
    for case, state, waits in dead_letters(registers.version):
        await store(pool, case, schema=service)
        await pool.execute(
            f'update {service}.dead_letter set state = $1 where "offset" = $2', state, case.record.offset
        )
        expected += waits
        reason = f"{expected} dead letters wait for their redrive" if expected else None
        assert await reason_to_wait(database, service) == reason, (case.verdict, state)
    await pool.execute(f"update {service}.dead_letter set truncated = true")
    assert await reason_to_wait(database, service) is None, "a truncated record is never redriven"
