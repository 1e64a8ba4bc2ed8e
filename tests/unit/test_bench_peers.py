"""The side-by-side benchmark: what is expected of every contender, and what the peers in Python share."""

import json
from random import Random
from typing import Any

import pytest

from tests.bench.comparison import Summary
from tests.bench.freshness import Freshness
from tests.bench.peers import job
from tests.bench.side_by_side import install
from tests.bench.side_by_side.comparison import Side, SideBySide
from tests.bench.side_by_side.following import Wrong
from tests.bench.side_by_side.kills import REPEATED, Killed, hostile
from tests.bench.side_by_side.table import table
from tests.bench.side_by_side.truth import Truth, facts_that_count_once
from tests.bench.workload import Event


def record(revision: int, **data: Any) -> bytes:
    """A canonical record; its rank follows from the revision."""
    envelope = {"county": "c", "time": "2026-01-31T22:30:00.000000Z", "source": "s", "id": f"e{revision}"}
    return json.dumps({**envelope, "type": "t", "digest": "00", "data": {"revision": revision, **data}}).encode()


def response(revision: int, score: int | None, unit: str = "u", **data: Any) -> bytes:
    answers = [] if score is None else [{"question": "recommend", "value": score}]
    answered = {"channel": "sms", "respondent": "client", "answered_at": "2026-01-31T22:30:00.000000Z"}
    return record(
        revision, **{"response_id": "r", "invitation_id": "i", "unit": unit, "answers": answers, **answered, **data}
    )


def folded(values: list[bytes]) -> dict[tuple[str, ...], tuple[int, ...]]:
    """The cells as the peers in Python compute them."""
    stored: dict[str, dict[str, Any]] = {}
    cells: dict[str, list[int]] = {}
    for value in values:
        version = job.read(value)
        old = stored.get(version["fact"])
        if old is None or old["rank"] < version["rank"]:
            stored[version["fact"]] = version
            for cell, counts in job.changes(old, version):
                cells[cell] = job.add(cells.get(cell), counts)
    return {tuple(cell.split("|")): tuple(counts) for cell, counts in cells.items() if any(counts)}


FEBRUARY = ("c", "2026-02", "u", "sms")  # 22:30 UTC is half past midnight in Helsinki


@pytest.mark.parametrize(
    ("score", "counts"),
    [
        (6, (1, 1, 0, 0, 0, 0)),
        (7, (1, 0, 1, 0, 0, 0)),
        (8, (1, 0, 1, 0, 0, 0)),
        (9, (1, 0, 0, 1, 0, 0)),
        (None, (1, 0, 0, 0, 0, 0)),
    ],
)
def test_a_response_counts_in_its_local_month(score: int | None, counts: tuple[int, ...]) -> None:
    assert truth([response(1, score)]) == folded([response(1, score)]) == {FEBRUARY: counts}


def truth(values: list[bytes]) -> dict[tuple[str, ...], tuple[int, ...]]:
    found = Truth()
    found.add(values)
    return found.cells()


def test_repeats_corrections_and_retractions_in_any_order() -> None:
    moved = response(2, 10, unit="v")
    expected = {("c", "2026-02", "v", "sms"): (1, 0, 0, 1, 0, 0)}
    for log in ([response(1, 3), moved, response(1, 3)], [moved, response(1, 3), moved]):
        assert truth(log) == folded(log) == expected
    log = [record(3, response_id="r"), moved, response(1, 3)]
    assert truth(log) == folded(log) == {}


def test_what_counts_nothing() -> None:
    invitation = {"invitation_id": "i", "unit": "u", "invited_at": "2026-01-31T22:30:00.000000Z"}
    log = [
        response(1, 3, respondent="relative"),
        record(1, **invitation, channel="device", delivered=True),
        record(2, **{**invitation, "invitation_id": "j"}, channel="sms", delivered=False),
    ]
    assert truth(log) == folded(log) == {}
    assert facts_that_count_once(log) == []


def test_facts_that_count_once_have_one_version() -> None:
    feedback = {"unit": "u", "channel": "web", "given_at": "2026-01-31T22:30:00.000000Z"}
    log = [response(1, 3), record(1, feedback_id="f", **feedback), response(2, 4)]
    assert facts_that_count_once(log) == [1]


def test_the_hostile_log_repeats_and_reorders_every_event() -> None:
    events = [Event(None, str(number).encode(), b"") for number in range(5000)]
    log = hostile(events)
    assert {event.value for event in log} == {event.value for event in events}
    assert len(log) == len(events) * (1 + REPEATED)
    assert [event.value for event in log] != [event.value for event in sorted(log, key=lambda e: int(e.value))]


def test_the_naive_service_is_compared_with_what_it_counts() -> None:
    found = Truth()
    found.add([response(1, 3), response(2, 3), record(1, feedback_id="f")])
    assert found.days() == {("c", "2026-01-31", "u", "t"): (1,)}


def test_the_table_names_who_did_not_run_and_why() -> None:
    side = Side(
        "1.2", Summary(1000, 900, 1100, 50, 20, 100), 30, Wrong(0, 9), Freshness(5, 9, 9, 100), Killed(Wrong(3, 9), 1.5)
    )
    found = "\n".join(table(SideBySide(10, 11, {"A": side}, {"B": "no | wheel"})))
    assert "| A 1.2 | 1,000 (900-1,100) | 50 | 20 | 30 | 100 MiB |" in found
    assert "| B | did not run: no / wheel |" in found
    assert "| A | 5 | 9 | 0 of 9 | **3** of 9 | 1.5 s |" in found


def test_a_framework_that_cannot_be_installed_is_not_here() -> None:
    with pytest.raises(install.NotHereError, match="exactly this"):
        install.run(["sh", "-c", "echo first >&2; echo exactly this >&2; exit 1"])
    with pytest.raises(install.NotHereError):
        install.run(["/no/such/program"])


def test_shuffles_of_a_log_give_the_same_cells() -> None:
    log = [response(n, n % 11, unit=f"u{n % 3}", response_id=f"r{n % 7}") for n in range(1, 60)]
    for seed in range(20):
        shuffled = log[:]
        Random(seed).shuffle(shuffled)
        assert folded(shuffled) == truth(log)
