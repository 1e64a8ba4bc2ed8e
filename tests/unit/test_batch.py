"""The batch runner over a commit that is not a database: what is retried, what is bisected, what becomes a letter."""

import logging
from collections.abc import Sequence

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from shared import batch
from shared.batch import Applied, BatchRunner
from shared.contracts.reasons import Reason
from shared.letters import Letter, Rejected
from shared.metrics import PipelineMetrics
from shared.record import PlainRecord, Record


class Sink:
    """A commit that keeps what it got; `faults` are raised first, a `poison` event always raises."""

    def __init__(self, faults: Sequence[Exception] = (), poison: str | None = None) -> None:
        self.events: list[str] = []
        self.letters: list[tuple[int, str]] = []
        self.calls = 0
        self._faults, self._poison = list(faults), poison

    async def __call__(self, events: Sequence[str], letters: Sequence[Letter]) -> Applied:
        self.calls += 1
        if self._faults:
            raise self._faults.pop(0)
        if self._poison in events:
            raise KeyError("a bug of ours")
        self.events += events
        self.letters += [(letter.record.offset, letter.verdict.reason) for letter in letters]
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
    return BatchRunner("t", decode, sink, PipelineMetrics("nps", registry), logging.getLogger("test")), registry


def outcomes(registry: CollectorRegistry) -> dict[str, float]:
    found = {}
    for outcome in ("applied", "unchanged", "rejected"):
        labels = {"service": "nps", "topic": "t", "outcome": outcome}
        found[outcome] = registry.get_sample_value("hva_records_total", labels) or 0
    return found


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_FIRST_PAUSE_S", 0.0001)
    monkeypatch.setattr(batch, "_LONGEST_PAUSE_S", 0.0001)
    monkeypatch.setattr(batch, "_RETRY_BUDGET_S", 0.001)


async def test_events_and_letters_of_a_batch_are_committed_together() -> None:
    sink = Sink()
    run, registry = runner(sink)
    await run.run(records("a", "bad", "b"))
    assert (sink.events, sink.letters, sink.calls) == (["a", "b"], [(1, "schema")], 1)
    assert outcomes(registry) == {"applied": 2, "unchanged": 0, "rejected": 1}


async def test_a_record_that_says_nothing_is_neither() -> None:
    sink = Sink(poison="p")
    run, registry = runner(sink)
    await run.run(records("silent", "a", "silent", "p"))
    assert (sink.events, sink.letters) == (["a"], [(3, "handler_bug")])
    assert outcomes(registry) == {"applied": 1, "unchanged": 0, "rejected": 1}
    assert await run.attempt(*records("silent")) is None


async def test_what_passes_by_itself_is_tried_again() -> None:
    sink = Sink(faults=[asyncpg.CannotConnectNowError(), ConnectionResetError(), asyncpg.DiskFullError()])
    run, registry = runner(sink)
    await run.run(records("a"))
    assert (sink.events, sink.letters, sink.calls) == (["a"], [], 4)
    assert registry.get_sample_value("hva_commit_errors_total", {"kind": "DiskFullError"}) == 1


async def test_what_outlasts_the_budget_is_delivered_again_and_never_a_letter() -> None:
    sink = Sink(faults=[asyncpg.CannotConnectNowError()] * 100)
    run, _ = runner(sink)
    with pytest.raises(asyncpg.CannotConnectNowError):
        await run.run(records("a"))
    assert sink.letters == []


@pytest.mark.parametrize("place", range(7))
async def test_a_bug_costs_one_letter_and_no_neighbour(place: int) -> None:
    values = [f"e{i}" for i in range(7)]
    sink = Sink(poison=values[place])
    run, registry = runner(sink)
    await run.run(records(*values))
    assert sorted(sink.events) == values[:place] + values[place + 1 :]
    assert sink.letters == [(place, "handler_bug")]
    assert outcomes(registry)["rejected"] == 1


async def test_a_letter_tried_again_gives_its_verdict_and_writes_nothing_else() -> None:
    sink = Sink(poison="p")
    run, _ = runner(sink)
    good, bad, poison = records("good", "bad", "p")
    assert await run.attempt(good) is None
    assert (await run.attempt(bad)).reason == "schema"  # type: ignore[union-attr]
    assert (await run.attempt(poison)).reason == "handler_bug"  # type: ignore[union-attr]
    assert (sink.events, sink.letters) == (["good"], [])
