"""A changed segment rule is activated for a county: without a total time limit, and reported while it runs."""

import logging
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from services.segments import store
from shared.dead_letters import DeadLetterCipher
from shared.edge.runtime import Runtime
from shared.edge.tasks import refold
from shared.health import Health
from shared.keys import Key
from shared.metrics import PipelineMetrics
from shared.postgres.lease import Leases
from shared.postgres.restated import Explain
from shared.settings import Settings
from tests.product import Database
from tests.store.fcr_harness import ANNA, BERTTA
from tests.store.segments_harness import Store, flag

COUNTY = "oma-hame"


@pytest.fixture
async def changed(segments: Store) -> Store:
    """A store with three members whose membership ends by the changed rule."""
    clients = (ANNA, BERTTA, f"k1.{3:022}")
    await segments.feed(*(flag(f"f{n}", client=client) for n, client in enumerate(clients)))
    await segments.change(enabled=())
    return segments


@pytest.fixture
async def runtime(changed: Store, database: Database, tmp_path: Path) -> AsyncIterator[Runtime]:
    registry = CollectorRegistry()
    runtime = Runtime(
        settings=Settings("segments", "", "", tmp_path, tmp_path),
        registers=changed.registers,
        cipher=DeadLetterCipher([Key("l1", b"x" * 32)]),
        pseudonym_keys=(),
        logger=logging.getLogger("test-refold"),
        registry=registry,
        metrics=PipelineMetrics("segments", registry),
        health=Health(()),
    )
    runtime.background = changed.pool
    runtime.leases = Leases(database.dsn("hva_segments"), "segments")
    yield runtime
    await runtime.leases.close()


def reported(runtime: Runtime) -> tuple[float | None, float | None, str | None]:
    """Both gauges, and the warning of /readyz."""
    values = (runtime.registry.get_sample_value(f"hva_refold_{name}") for name in ("failed", "swapping"))
    return *values, runtime.health.warnings().get("refold")


async def test_activation_may_take_longer_than_the_timeout_of_one_step(
    changed: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_ACTIVATION_TIMEOUT_S", 1)
    monkeypatch.setattr(store, "_ACTIVATION_CHUNK", 1)
    propagate = store._propagate_memberships

    async def slow(connection: Any, county: str, persons: Collection[int], explain: Explain) -> None:
        await connection.execute("select pg_sleep(0.5)")
        await propagate(connection, county, persons, explain)

    monkeypatch.setattr(store, "_propagate_memberships", slow)
    await store.REFOLD.run(changed.pool, changed.registers)
    assert await changed.members() == {}


async def test_activation_is_reported_while_it_runs_and_when_it_fails(
    runtime: Runtime, changed: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = list[tuple[float | None, float | None, str | None]]()
    now = 100.0
    run = refold(runtime, store.REFOLD, lambda: now)

    async def fail(*_: Any) -> None:
        reports.append(reported(runtime))
        raise asyncpg.TransactionTimeoutError("too long")

    with monkeypatch.context() as patch:
        patch.setattr(store, "_propagate_memberships", fail)
        for pause in (1, 2, 4):
            with pytest.raises(asyncpg.TransactionTimeoutError):
                await run()
            now += pause - 0.1
            await run()
            assert reported(runtime) == (1, 0, "failed: TransactionTimeoutError; it is tried again")
            now += 0.1
    swapping = f"a changed rule is being activated in {COUNTY}; its new events wait"
    assert [report[1:] for report in reports] == [(1, swapping)] * 3, "one attempt after each pause"
    assert await changed.members() != {}
    await run()
    assert reported(runtime) == (0, 0, None)
    assert await changed.members() == {}
