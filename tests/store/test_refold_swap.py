"""A changed rule that comes into force for a county: it ends however long it takes, and is reported meanwhile."""

import logging
from collections.abc import Collection
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from services.segments import store
from shared.dead_letters import Sealer
from shared.edge.runtime import Runtime
from shared.edge.tasks import refold
from shared.health import Health
from shared.keys import Key
from shared.metrics import PipelineMetrics
from shared.settings import Settings
from tests.store.fcr_stage import ANNA, BERTTA
from tests.store.segments_stage import Store, flag

COUNTY = "oma-hame"


@pytest.fixture
async def changed(segments: Store) -> Store:
    """A rule that makes members of three clients no longer holds."""
    clients = (ANNA, BERTTA, f"k1.{3:022}")
    await segments.feed(*(flag(f"f{n}", client=client) for n, client in enumerate(clients)))
    await segments.change(enabled=())
    return segments


@pytest.fixture
def runtime(changed: Store, tmp_path: Path) -> Runtime:
    registry = CollectorRegistry()
    found = Runtime(
        settings=Settings("segments", "", "", tmp_path, tmp_path),
        registers=changed.registers,
        sealer=Sealer([Key("l1", b"x" * 32)]),
        pseudonym_keys=(),
        logger=logging.getLogger("test-refold"),
        registry=registry,
        metrics=PipelineMetrics("segments", registry),
        health=Health(()),
    )
    found.pool = changed.pool
    return found


def seen(runtime: Runtime) -> tuple[float | None, float | None, str | None]:
    """Both gauges, and what /readyz warns of."""
    values = (runtime.registry.get_sample_value(f"hva_refold_{name}") for name in ("failed", "swapping"))
    return *values, runtime.health.warnings().get("refold")


async def test_a_swap_may_take_longer_than_a_step_of_it(changed: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_ACTIVATION_TIMEOUT_S", 1)
    monkeypatch.setattr(store, "_ACTIVATION_CHUNK", 1)
    follow = store._propagate_memberships

    async def slow(connection: Any, county: str, persons: Collection[int]) -> None:
        await connection.execute("select pg_sleep(0.5)")
        await follow(connection, county, persons)

    monkeypatch.setattr(store, "_propagate_memberships", slow)
    await store.REFOLD.run(changed.pool, changed.registers)
    assert await changed.members() == {}


async def test_a_swap_is_reported_while_it_goes_on_and_when_it_fails(
    runtime: Runtime, changed: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile = list[tuple[float | None, float | None, str | None]]()
    now = 100.0
    run = refold(runtime, store.REFOLD, lambda: now)

    async def fails(*_: Any) -> None:
        meanwhile.append(seen(runtime))
        raise asyncpg.TransactionTimeoutError("too long")

    with monkeypatch.context() as patch:
        patch.setattr(store, "_propagate_memberships", fails)
        for pause in (1, 2, 4):
            with pytest.raises(asyncpg.TransactionTimeoutError):
                await run()
            now += pause - 0.1
            await run()
            assert seen(runtime) == (1, 0, "failed: TransactionTimeoutError; it is tried again")
            now += 0.1
    swapping = f"a changed rule is being activated in {COUNTY}; its new events wait"
    assert [one[1:] for one in meanwhile] == [(1, swapping)] * 3, "once for each pause"
    assert await changed.members() != {}
    await run()
    assert seen(runtime) == (0, 0, None)
    assert await changed.members() == {}
