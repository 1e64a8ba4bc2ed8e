"""The batch runner with an in-memory commit: what it retries, what it bisects, what becomes a dead letter."""

import asyncio
import logging
from collections.abc import Sequence

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from shared import batch
from shared.batch import Applied, BatchRunner
from shared.contracts.reasons import Reason
from shared.dead_letters import DeadLetter, Rejected
from shared.edge import consume
from shared.health import Health
from shared.metrics import PipelineMetrics
from shared.postgres.pool import COMMAND_TIMEOUT_S
from shared.record import PlainRecord, Record


class MemoryCommit:
    """An in-memory commit. Each call raises the next of `faults`, unless it is None. A `poison` event always fails."""

    def __init__(self, faults: Sequence[Exception | None] = (), poison: str | None = None) -> None:
        self.events: list[str] = []
        self.dead_letters: list[tuple[int, str]] = []
        self.calls = 0
        self._faults, self._poison = list(faults), poison

    async def __call__(self, events: Sequence[str], dead_letters: Sequence[DeadLetter]) -> Applied:
        self.calls += 1
        if self._faults and (fault := self._faults.pop(0)):
            raise fault
        if self._poison in events:
            raise KeyError("a bug in the handler")
        self.events += events
        self.dead_letters += [(dead_letter.record.offset, dead_letter.verdict.reason) for dead_letter in dead_letters]
        return Applied(len(events))


def decode(record: Record) -> str | Rejected | None:
    text = (record.value or b"").decode()
    if text == "ignored":
        return None
    return Rejected(Reason.SCHEMA, "not valid") if text == "bad" else text


def records(*values: str) -> list[PlainRecord]:
    return [PlainRecord("t", 0, offset, 0, None, value.encode()) for offset, value in enumerate(values)]


def build_runner(commit: MemoryCommit) -> tuple[BatchRunner[str], CollectorRegistry]:
    registry = CollectorRegistry()
    metrics = PipelineMetrics("nps", registry)
    return BatchRunner("t", decode, commit, metrics, logging.getLogger("test"), Health(())), registry


class SlowCommit(MemoryCommit):
    """An in-memory commit. Each attempt takes `seconds` of a simulated clock."""

    def __init__(self, seconds: float, faults: Sequence[Exception | None]) -> None:
        super().__init__(faults)
        self.seconds, self.now = seconds, 0.0
        self.health = Health(("kafka",), monotonic=self.clock)
        self.health.set_ok("kafka")
        self.reported: list[dict[str, str]] = []  # health problems before each attempt

    def clock(self) -> float:
        return self.now

    async def __call__(self, events: Sequence[str], dead_letters: Sequence[DeadLetter]) -> Applied:
        self.reported.append(self.health.problems())
        self.now += self.seconds
        return await super().__call__(events, dead_letters)

    def build_runner(self, max_records: int = 1000) -> BatchRunner[str]:
        metrics, logger = PipelineMetrics("nps", CollectorRegistry()), logging.getLogger("test")
        return BatchRunner(
            "t", decode, self, metrics, logger, self.health, monotonic=self.clock, max_records=max_records
        )


def outcomes(registry: CollectorRegistry) -> dict[str, float]:
    counts = {}
    for outcome in ("applied", "unchanged", "rejected"):
        labels = {"service": "nps", "topic": "t", "outcome": outcome}
        counts[outcome] = registry.get_sample_value("hva_records_total", labels) or 0
    return counts


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_FIRST_PAUSE_S", 0.0001)
    monkeypatch.setattr(batch, "_MAX_PAUSE_S", 0.0001)


async def test_events_and_dead_letters_of_a_batch_are_committed_together() -> None:
    commit = MemoryCommit()
    runner, registry = build_runner(commit)
    await runner.run(records("a", "bad", "b"))
    assert (commit.events, commit.dead_letters, commit.calls) == (["a", "b"], [(1, "schema")], 1)
    assert outcomes(registry) == {"applied": 2, "unchanged": 0, "rejected": 1}


async def test_metrics_of_a_long_delivery_are_of_each_batch() -> None:
    commit, registry = MemoryCommit(), CollectorRegistry()
    metrics, logger = PipelineMetrics("nps", registry), logging.getLogger("test")
    runner = BatchRunner("t", decode, commit, metrics, logger, Health(()), max_records=2)
    await runner.run(records("a", "b", "c"))
    buckets = {size: registry.get_sample_value("hva_batch_records_bucket", {"le": size}) for size in ("1.0", "3.0")}
    assert (buckets, registry.get_sample_value("hva_batch_records_sum")) == ({"1.0": 1, "3.0": 2}, 3)
    assert registry.get_sample_value("hva_batch_seconds_count") == 2
    assert registry.get_sample_value("hva_batch_step_seconds_count", {"step": "decode"}) == 2


async def test_ignored_record_is_neither_event_nor_dead_letter() -> None:
    commit = MemoryCommit(poison="p")
    runner, registry = build_runner(commit)
    await runner.run(records("ignored", "a", "ignored", "p"))
    assert (commit.events, commit.dead_letters) == (["a"], [(3, "handler_bug")])
    assert outcomes(registry) == {"applied": 1, "unchanged": 0, "rejected": 1}
    assert await runner.attempt(*records("ignored")) is None


async def test_transient_error_is_retried() -> None:
    commit = MemoryCommit(faults=[asyncpg.CannotConnectNowError(), ConnectionResetError(), asyncpg.DiskFullError()])
    runner, registry = build_runner(commit)
    await runner.run(records("a"))
    assert (commit.events, commit.dead_letters, commit.calls) == (["a"], [], 4)
    assert registry.get_sample_value("hva_commit_errors_total", {"kind": "DiskFullError"}) == 1


async def test_error_beyond_the_retry_budget_is_raised_without_a_dead_letter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batch, "_RETRY_BUDGET_S", 0.001)
    commit = MemoryCommit(faults=[asyncpg.CannotConnectNowError()] * 100)
    runner, _ = build_runner(commit)
    with pytest.raises(asyncpg.CannotConnectNowError):
        await runner.run(records("a"))
    assert commit.dead_letters == []


async def test_retry_budget_includes_the_time_of_attempts() -> None:
    commit = SlowCommit(25.0, faults=[TimeoutError()] * 100)
    with pytest.raises(TimeoutError):
        await commit.build_runner().run(records("a"))
    assert (commit.calls, commit.now) == (3, 75.0), "the current attempt ends, and no other begins"


async def test_parts_of_a_delivery_share_one_retry_budget() -> None:
    first_part = [TimeoutError(), None]
    commit = SlowCommit(25.0, faults=[*first_part, *[TimeoutError()] * 100])
    with pytest.raises(TimeoutError):
        await commit.build_runner(max_records=1).run(records("a", "b"))
    assert (commit.events, commit.calls) == (["a"], 3)


async def test_hanging_delivery_times_out_within_the_poll_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    class HangingCommit(MemoryCommit):
        async def __call__(self, events: Sequence[str], dead_letters: Sequence[DeadLetter]) -> Applied:
            await asyncio.Event().wait()
            raise AssertionError("unreachable")

    assert batch._DELIVERY_LIMIT_S + COMMAND_TIMEOUT_S < consume._MAX_POLL_MS / 1000
    monkeypatch.setattr(batch, "_DELIVERY_LIMIT_S", 0.01)
    with pytest.raises(TimeoutError):
        await build_runner(HangingCommit())[0].run(records("a"))


async def test_repeated_commit_failure_is_reported_until_success() -> None:
    commit = SlowCommit(15.0, faults=[asyncpg.UndefinedColumnError()] * 3)
    await commit.build_runner().run(records("a"))
    report = {"commit of t": "fails and is tried again: UndefinedColumnError"}
    assert commit.reported == [{}, {}, report, report], "a single failure is not reported"
    assert (commit.health.problems(), commit.events, commit.dead_letters) == ({}, ["a"], [])


async def test_reported_failure_expires_if_it_is_not_repeated() -> None:
    commit = SlowCommit(50.0, faults=[asyncpg.UndefinedColumnError()] * 9)
    with pytest.raises(asyncpg.UndefinedColumnError):
        await commit.build_runner().run(records("a"))
    assert list(commit.health.problems()) == ["commit of t"]
    commit.now += 1000
    assert commit.health.ready()


async def test_unavailable_server_is_reported_once() -> None:
    commit = SlowCommit(50.0, faults=[ConnectionResetError()] * 9)
    commit.health.set_problem("kafka", "does not answer")
    with pytest.raises(ConnectionResetError):
        await commit.build_runner().run(records("a"))
    assert list(commit.health.problems()) == ["kafka"]


@pytest.mark.parametrize("position", range(7))
async def test_bug_makes_one_dead_letter_and_other_events_are_committed(position: int) -> None:
    values = [f"e{i}" for i in range(7)]
    commit = MemoryCommit(poison=values[position])
    runner, registry = build_runner(commit)
    await runner.run(records(*values))
    assert sorted(commit.events) == values[:position] + values[position + 1 :]
    assert commit.dead_letters == [(position, "handler_bug")]
    assert outcomes(registry)["rejected"] == 1


async def test_attempt_returns_the_verdict_and_writes_no_dead_letter() -> None:
    commit = MemoryCommit(poison="p")
    runner, _ = build_runner(commit)
    good, bad, poison = records("good", "bad", "p")
    assert await runner.attempt(good) is None
    assert (await runner.attempt(bad)).reason == "schema"  # type: ignore[union-attr]
    assert (await runner.attempt(poison)).reason == "handler_bug"  # type: ignore[union-attr]
    assert (commit.events, commit.dead_letters) == (["good"], [])
