"""`hva wait` and dead letters: it waits for those that will be tried again, in every service, and for no others."""

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
from tests.store.dead_letters import dead_letter, keep

PAST = datetime.now(UTC) - timedelta(hours=1)
AHEAD = PAST + timedelta(days=1)


@pytest.fixture(scope="module")
def registers() -> Registers:
    return load_folder(SAMPLE / "config")


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def pool(database: Database, service: str, registers: Registers) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    """As the service itself, whose registers are loaded."""
    pool = await make_pool(database.dsn(f"hva_{service}"), "test")
    async with pool.acquire() as connection:
        await load(connection, registers)
    yield pool
    await pool.close()


async def due(database: Database, service: str) -> str | None:
    connection = await asyncpg.connect(database.dsn("hva_steward"))
    try:
        return await _redriven(connection, service)
    finally:
        await connection.close()


def dead_letters(version: str) -> list[tuple[DeadLetter, str, bool]]:
    """A letter, the state it is put in, and whether `hva wait` waits for it."""
    unit, source, future, schema = Reason.UNKNOWN_UNIT, Reason.UNKNOWN_SOURCE, Reason.FUTURE_TIME, Reason.SCHEMA
    kinds: list[tuple[Reason, str, datetime | None, str, bool]] = [
        (future, "", PAST, "open", True),
        (future, "", AHEAD, "open", False),
        (future, "", None, "open", False),
        (unit, "before", None, "open", True),
        (source, "before", None, "open", True),
        (unit, version, None, "open", False),
        (source, version, None, "open", False),
        (schema, "before", None, "open", False),
        (schema, "", None, "redrive", True),
        (Reason.HANDLER_BUG, "", None, "redrive", True),
        (future, "", AHEAD, "redrive", True),
    ]
    kinds += [(*kind[:3], state, False) for kind in kinds for state in ("resolved", "discarded")]
    return [
        (dead_letter(number, reason, registers=registers, retry_at=retry_at), state, waits)
        for number, (reason, registers, retry_at, state, waits) in enumerate(kinds)
    ]


async def test_letters_that_will_be_tried_again(
    database: Database, pool: "asyncpg.Pool[asyncpg.Record]", service: str, registers: Registers
) -> None:
    assert await due(database, service) is None
    expected = 0
    for one, state, waits in dead_letters(registers.version):
        await keep(pool, one, schema=service)
        await pool.execute(f'update {service}.dead_letter set state = $1 where "offset" = $2', state, one.record.offset)
        expected += waits
        words = f"{expected} dead letters wait for their redrive" if expected else None
        assert await due(database, service) == words, (one.verdict, state)
    await pool.execute(f"update {service}.dead_letter set truncated = true")
    assert await due(database, service) is None, "what was cut off is never tried again"
