"""The batch runner with an in-memory commit: what it retries, what it bisects, what becomes a dead letter."""

import logging
from collections.abc import Sequence

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from shared import batch
from shared.batch import Applied, BatchRunner, Held
from shared.contracts.reasons import Reason
from shared.dead_letters import DeadLetter, Rejected
from shared.health import Health
from shared.metrics import PipelineMetrics
from shared.record import PlainRecord, Record


class MemoryCommit:
    """An in-memory commit. Each call raises the next of `faults`, unless it is None. A `poison` event always fails."""

    patience: list[float]

    def __init__(self, faults: Sequence[Exception | None] = (), poison: str | None = None) -> None:
        self.events: list[str] = []
        self.dead_letters: list[tuple[int, str]] = []
        self.calls = 0
        self.patience = []
        self._faults, self._poison = list(faults), poison

    async def __call__(
        self, events: Sequence[str], dead_letters: Sequence[DeadLetter], patience_s: float = 60.0
    ) -> Applied:
        self.calls += 1
        self.patience.append(patience_s)
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


def county_of(event: str) -> str:
    """The county of `a:1` is a; other events have none."""
    return event.partition(":")[0] if ":" in event else ""


def records(*values: str) -> list[PlainRecord]:
    return [PlainRecord("t", 0, offset, 0, None, value.encode()) for offset, value in enumerate(values)]


def build_runner(commit: MemoryCommit) -> tuple[BatchRunner[str], CollectorRegistry]:
    registry = CollectorRegistry()
    metrics = PipelineMetrics("nps", registry)
    runner = BatchRunner("t", decode, commit, metrics, logging.getLogger("test"), Health(()), county_of)
    return runner, registry


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

    async def __call__(
        self, events: Sequence[str], dead_letters: Sequence[DeadLetter], patience_s: float = 60.0
    ) -> Applied:
        self.reported.append(self.health.problems())
        self.now += self.seconds
        return await super().__call__(events, dead_letters, patience_s)

    def build_runner(self) -> BatchRunner[str]:
        metrics, logger = PipelineMetrics("nps", CollectorRegistry()), logging.getLogger("test")
        return BatchRunner("t", decode, self, metrics, logger, self.health, monotonic=self.clock)


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
    monkeypatch.setattr(batch, "_HELD_PAUSE_S", 0.0001)


async def test_events_and_dead_letters_of_a_batch_are_committed_together() -> None:
    commit = MemoryCommit()
    runner, registry = build_runner(commit)
    await runner.run(records("a", "bad", "b"))
    assert (commit.events, commit.dead_letters, commit.calls) == (["a", "b"], [(1, "schema")], 1)
    assert outcomes(registry) == {"applied": 2, "unchanged": 0, "rejected": 1}


async def test_each_county_is_committed_by_itself() -> None:
    commit = MemoryCommit()
    runner, registry = build_runner(commit)
    await runner.run(records("a:1", "b:1", "a:2", "bad"))
    assert (commit.events, commit.dead_letters, commit.calls) == (["a:1", "a:2", "b:1"], [(3, "schema")], 3)
    assert registry.get_sample_value("hva_batch_records_sum") == 4
    assert registry.get_sample_value("hva_batch_seconds_count") == 3
    assert registry.get_sample_value("hva_batch_step_seconds_count", {"step": "decode"}) == 1


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


async def test_held_county_is_tried_again_without_waiting_and_without_an_error() -> None:
    commit, delays = MemoryCommit(faults=[Held(), Held(), None]), list[bool]()
    runner, registry = build_runner(commit)
    ((county, items),) = (await runner.decode(records("a:1"), yield_to_loop=False)).items()
    await runner.commit(county, items, on_delay=lambda: delays.append(True))
    assert (commit.events, commit.patience, delays) == (["a:1"], [batch._PATIENCE_S, 0.0, 0.0], [True, True])
    assert registry.get_sample_value("hva_commit_errors_total", {"kind": "Held"}) is None


async def test_dead_letter_that_cannot_be_written_is_tried_again() -> None:
    commit = MemoryCommit(faults=[KeyError("a bug"), KeyError("another bug"), None])
    runner, _ = build_runner(commit)
    await runner.run(records("bad"))
    assert commit.dead_letters == [(0, "schema")]


async def test_repeated_commit_failure_is_reported_until_success() -> None:
    commit = SlowCommit(15.0, faults=[asyncpg.UndefinedColumnError()] * 3)
    await commit.build_runner().run(records("a"))
    report = {"commit of t": "fails and is tried again: UndefinedColumnError"}
    assert commit.reported == [{}, {}, {}, report], "a failure of 15 s is not reported"
    assert (commit.health.problems(), commit.events, commit.dead_letters) == ({}, ["a"], [])


async def test_reported_failure_expires_if_it_is_not_repeated() -> None:
    commit = SlowCommit(50.0, faults=[asyncpg.UndefinedColumnError()] * 2)
    await commit.build_runner().run(records("a"))
    commit.health.set_problem("commit of t", "fails", batch._REPORT_LASTS_S)
    commit.now += 1000
    assert commit.health.ready()


async def test_commit_that_fails_for_long_delays_its_county() -> None:
    commit, delays = SlowCommit(15.0, faults=[ConnectionResetError()] * 4), list[float]()
    runner = commit.build_runner()
    ((county, items),) = (await runner.decode(records("a"), yield_to_loop=False)).items()
    await runner.commit(county, items, on_delay=lambda: delays.append(commit.now))
    assert delays == [45.0, 60.0], "20 s after the first failure"


async def test_unavailable_server_is_reported_once() -> None:
    commit = SlowCommit(50.0, faults=[ConnectionResetError()] * 3)
    commit.health.set_problem("kafka", "does not answer")
    await commit.build_runner().run(records("a"))
    assert [list(problems) for problems in commit.reported] == [["kafka"]] * 4


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
