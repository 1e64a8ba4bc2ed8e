"""The batch runner over a commit that is not a database: what is retried, what is bisected, what becomes a letter."""

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


class Sink:
    """A commit that keeps what it got; `faults` are raised first (None: not that time), a `poison` event always."""

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
            raise KeyError("a bug of ours")
        self.events += events
        self.dead_letters += [(dead_letter.record.offset, dead_letter.verdict.reason) for dead_letter in dead_letters]
        return Applied(len(events))


def decode(record: Record) -> str | Rejected | None:
    text = (record.value or b"").decode()
    if text == "silent":
        return None
    return Rejected(Reason.SCHEMA, "not for us") if text == "bad" else text


def records(*values: str) -> list[PlainRecord]:
    return [PlainRecord("t", 0, offset, 0, None, value.encode()) for offset, value in enumerate(values)]


def runner(sink: Sink) -> tuple[BatchRunner[str], CollectorRegistry]:
    registry = CollectorRegistry()
    metrics = PipelineMetrics("nps", registry)
    return BatchRunner("t", decode, sink, metrics, logging.getLogger("test"), Health(())), registry


class SlowSink(Sink):
    """A commit whose every try takes `seconds` of a clock that moves only by that."""

    def __init__(self, seconds: float, faults: Sequence[Exception | None]) -> None:
        super().__init__(faults)
        self.seconds, self.now = seconds, 0.0
        self.health = Health(("kafka",), monotonic=self.clock)
        self.health.set_ok("kafka")
        self.reported: list[dict[str, str]] = []  # before each try

    def clock(self) -> float:
        return self.now

    async def __call__(self, events: Sequence[str], dead_letters: Sequence[DeadLetter]) -> Applied:
        self.reported.append(self.health.problems())
        self.now += self.seconds
        return await super().__call__(events, dead_letters)

    def runner(self, max_records: int = 1000) -> BatchRunner[str]:
        metrics, logger = PipelineMetrics("nps", CollectorRegistry()), logging.getLogger("test")
        return BatchRunner(
            "t", decode, self, metrics, logger, self.health, monotonic=self.clock, max_records=max_records
        )


def outcomes(registry: CollectorRegistry) -> dict[str, float]:
    found = {}
    for outcome in ("applied", "unchanged", "rejected"):
        labels = {"service": "nps", "topic": "t", "outcome": outcome}
        found[outcome] = registry.get_sample_value("hva_records_total", labels) or 0
    return found


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_FIRST_PAUSE_S", 0.0001)
    monkeypatch.setattr(batch, "_MAX_PAUSE_S", 0.0001)


async def test_events_and_letters_of_a_batch_are_committed_together() -> None:
    sink = Sink()
    run, registry = runner(sink)
    await run.run(records("a", "bad", "b"))
    assert (sink.events, sink.dead_letters, sink.calls) == (["a", "b"], [(1, "schema")], 1)
    assert outcomes(registry) == {"applied": 2, "unchanged": 0, "rejected": 1}


async def test_a_record_that_says_nothing_is_neither() -> None:
    sink = Sink(poison="p")
    run, registry = runner(sink)
    await run.run(records("silent", "a", "silent", "p"))
    assert (sink.events, sink.dead_letters) == (["a"], [(3, "handler_bug")])
    assert outcomes(registry) == {"applied": 1, "unchanged": 0, "rejected": 1}
    assert await run.attempt(*records("silent")) is None


async def test_what_passes_by_itself_is_tried_again() -> None:
    sink = Sink(faults=[asyncpg.CannotConnectNowError(), ConnectionResetError(), asyncpg.DiskFullError()])
    run, registry = runner(sink)
    await run.run(records("a"))
    assert (sink.events, sink.dead_letters, sink.calls) == (["a"], [], 4)
    assert registry.get_sample_value("hva_commit_errors_total", {"kind": "DiskFullError"}) == 1


async def test_what_outlasts_the_budget_is_delivered_again_and_never_a_letter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batch, "_RETRY_BUDGET_S", 0.001)
    sink = Sink(faults=[asyncpg.CannotConnectNowError()] * 100)
    run, _ = runner(sink)
    with pytest.raises(asyncpg.CannotConnectNowError):
        await run.run(records("a"))
    assert sink.dead_letters == []


async def test_the_budget_counts_the_time_of_the_tries() -> None:
    sink = SlowSink(25.0, faults=[TimeoutError()] * 100)
    with pytest.raises(TimeoutError):
        await sink.runner().run(records("a"))
    assert (sink.calls, sink.now) == (3, 75.0), "the try in hand ends, and no other begins"


async def test_the_parts_of_a_delivery_share_one_budget() -> None:
    first_part = [TimeoutError(), None]
    sink = SlowSink(25.0, faults=[*first_part, *[TimeoutError()] * 100])
    with pytest.raises(TimeoutError):
        await sink.runner(max_records=1).run(records("a", "b"))
    assert (sink.events, sink.calls) == (["a"], 3)


async def test_a_delivery_that_hangs_ends_before_the_group_expels_the_member(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging(Sink):
        async def __call__(self, events: Sequence[str], dead_letters: Sequence[DeadLetter]) -> Applied:
            await asyncio.Event().wait()
            raise AssertionError("unreachable")

    assert batch._DELIVERY_LIMIT_S + COMMAND_TIMEOUT_S < consume._MAX_POLL_MS / 1000
    monkeypatch.setattr(batch, "_DELIVERY_LIMIT_S", 0.01)
    with pytest.raises(TimeoutError):
        await runner(Hanging())[0].run(records("a"))


async def test_a_commit_that_keeps_failing_is_reported_until_it_succeeds() -> None:
    sink = SlowSink(15.0, faults=[asyncpg.UndefinedColumnError()] * 3)
    await sink.runner().run(records("a"))
    report = {"commit of t": "fails and is tried again: UndefinedColumnError"}
    assert sink.reported == [{}, {}, report, report], "one failure is no reason to page anyone"
    assert (sink.health.problems(), sink.events, sink.dead_letters) == ({}, ["a"], [])


async def test_the_report_expires_where_another_member_has_the_partition() -> None:
    sink = SlowSink(50.0, faults=[asyncpg.UndefinedColumnError()] * 9)
    with pytest.raises(asyncpg.UndefinedColumnError):
        await sink.runner().run(records("a"))
    assert list(sink.health.problems()) == ["commit of t"]
    sink.now += 1000
    assert sink.health.ready()


async def test_a_server_that_is_away_is_reported_once() -> None:
    sink = SlowSink(50.0, faults=[ConnectionResetError()] * 9)
    sink.health.set_problem("kafka", "does not answer")
    with pytest.raises(ConnectionResetError):
        await sink.runner().run(records("a"))
    assert list(sink.health.problems()) == ["kafka"]


@pytest.mark.parametrize("place", range(7))
async def test_a_bug_costs_one_letter_and_no_neighbour(place: int) -> None:
    values = [f"e{i}" for i in range(7)]
    sink = Sink(poison=values[place])
    run, registry = runner(sink)
    await run.run(records(*values))
    assert sorted(sink.events) == values[:place] + values[place + 1 :]
    assert sink.dead_letters == [(place, "handler_bug")]
    assert outcomes(registry)["rejected"] == 1


async def test_a_letter_tried_again_gives_its_verdict_and_writes_nothing_else() -> None:
    sink = Sink(poison="p")
    run, _ = runner(sink)
    good, bad, poison = records("good", "bad", "p")
    assert await run.attempt(good) is None
    assert (await run.attempt(bad)).reason == "schema"  # type: ignore[union-attr]
    assert (await run.attempt(poison)).reason == "handler_bug"  # type: ignore[union-attr]
    assert (sink.events, sink.dead_letters) == (["good"], [])
