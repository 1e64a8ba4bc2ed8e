"""Old code with a newer schema: a batch that does not fit is retried later and never becomes a dead letter."""

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from services.nps import store
from services.nps.decode import decode
from services.nps.facts import FeedbackFact
from shared.batch import BatchRunner
from shared.health import Health
from shared.metrics import PipelineMetrics
from shared.postgres.commit import StoreCommit
from shared.postgres.pool import make_pool
from shared.postgres.registers import load
from shared.registers import load_folder
from tests.product import SAMPLE, Database
from tests.replica import wait_until
from tests.store.dead_letters import CIPHER
from tests.store.test_nps_store import answered

# A future migration and its reversal. The errors differ, the outcome for the batch is the same.
CHANGES = {
    "column": (
        "alter table nps.response rename column rank to renamed",
        "alter table nps.response rename column renamed to rank",
    ),
    "type": (
        "drop view nps.evidence cascade; alter table nps.response alter column label_day type integer using 0",
        "alter table nps.response alter column label_day type date using null",
    ),
    "prepared statement": (
        "drop view nps.evidence cascade; alter table nps.response alter column label_day type timestamptz",
        "alter table nps.response alter column label_day type date",
    ),
}


@pytest.fixture
async def pool(database: Database) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    pool = await make_pool(database.dsn("hva_nps"), "test", size=1)
    async with pool.acquire() as connection:
        await load(connection, load_folder(SAMPLE / "config"))
    yield pool
    await pool.close()


@pytest.mark.parametrize("change", CHANGES)
async def test_batch_waits_until_the_schema_fits(
    change: str, pool: "asyncpg.Pool[asyncpg.Record]", database: Database
) -> None:
    registers, registry = load_folder(SAMPLE / "config"), CollectorRegistry()

    def has_failed() -> bool:
        samples = [sample for metric in registry.collect() for sample in metric.samples]
        return any(sample.value for sample in samples if sample.name == "hva_commit_errors_total")

    commit = StoreCommit("nps", pool, CIPHER, partial(store.apply, registers=registers))
    runner: BatchRunner[FeedbackFact] = BatchRunner(
        "t",
        partial(decode, registers=registers),
        commit,
        PipelineMetrics("nps", registry),
        logging.getLogger("test"),
        Health(()),
    )
    await runner.run([answered("r1")])
    migrating = await asyncpg.connect(database.dsn("hva_migrate"))
    try:
        forward, back = CHANGES[change]
        await migrating.execute(forward)
        running = asyncio.create_task(runner.run([answered("r2")]))
        # If only prepared statements are stale, the second attempt succeeds.
        await wait_until(lambda: has_failed() or running.done(), "an attempt fails")
        await migrating.execute(back)
        await running
    finally:
        await migrating.close()
    assert await pool.fetchval("select count(*) from nps.dead_letter") == 0
    assert await pool.fetchval("select string_agg(id, ' ' order by id) from nps.response") == "r1 r2"
