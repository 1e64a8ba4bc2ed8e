"""The simulated county: repeatable, plausible, and with invalid events that are rejected as intended."""

import io
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from random import Random

import orjson
import pytest

from deploy.simulate import Options, stream
from deploy.simulate.arrivals import Arrivals
from deploy.simulate.bad import InvalidEvents
from deploy.simulate.calendar import Calendar
from deploy.simulate.county_plans import COUNTIES, missing_units
from deploy.simulate.emit import Emitter
from deploy.simulate.people import hetu, people
from deploy.simulate.write import write, write_paced
from services.ingest.themes import Themes
from services.ingest.validate import Context, validate
from shared.contracts.route import stream_of
from shared.dead_letters import Rejected
from shared.keys import Key
from shared.pseudonym import Keyring
from shared.registers import load_folder
from shared.registers.calendar import day_start

CONFIG = Path(__file__).parents[2] / "deploy" / "config"
UNTIL = date(2026, 4, 10)  # summer time begins inside the simulated days
OPTIONS = Options(until=UNTIL, days=40, clients=3_000, seed=7, bad=0.05, erasures=2)


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return list(stream(OPTIONS))


@pytest.fixture(scope="module")
def context() -> Context:
    registers = load_folder(CONFIG)
    return Context(
        units=registers.known_units,
        sources=registers.sources,
        themes=Themes(registers.themes),
        keyring=Keyring((Key("k1", bytes(32)),)),
        now=day_start(UNTIL),
    )


def invalid_lines() -> Iterator[tuple[str, bytes]]:
    calendar = Calendar(date(2026, 1, 1), 3)
    for plan in COUNTIES.values():
        bad = InvalidEvents(plan, Emitter(plan.county, "t", calendar, Arrivals(calendar), Random(1)))
        for reason, makers in bad.makers.items():
            for maker in makers:
                yield reason, maker(calendar.starts[1])


def test_same_options_give_the_same_lines(lines: list[bytes]) -> None:
    assert list(stream(OPTIONS)) == lines
    other = set(stream(Options(until=UNTIL, days=40, clients=3_000, seed=8)))
    assert not other.intersection(lines)


def test_events_are_in_the_past_and_only_duplicates_share_an_id(lines: list[bytes]) -> None:
    seen: dict[tuple[str, str], bytes] = {}
    duplicates = 0
    for line in lines:
        assert b"\n" not in line
        try:
            event = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if "id" not in event or not isinstance(event["time"], str) or not event["time"].endswith("Z"):
            continue
        assert datetime.fromisoformat(event["time"]) < day_start(UNTIL)
        duplicates += seen.setdefault((event["source"], event["id"]), line) is line
        assert seen[event["source"], event["id"]] == line
    assert duplicates > len(seen) * 0.9


def test_ingest_accepts_all_but_the_invalid_events(lines: list[bytes], context: Context) -> None:
    verdicts = Counter(
        verdict.reason if isinstance(verdict, Rejected) else "accepted"
        for verdict in (validate(line, (), stream_of(line), context) for line in lines)
    )
    share = 1 - verdicts["accepted"] / len(lines)
    assert 0.03 < share < 0.08
    without = Options(until=UNTIL, days=40, clients=500, seed=9, bad=0)
    wrong = [
        verdict
        for line in stream(without)
        if isinstance(verdict := validate(line, (), stream_of(line), context), Rejected)
    ]
    assert wrong == []


def test_every_invalid_event_is_rejected_for_its_reason(context: Context) -> None:
    for reason, line in invalid_lines():
        verdict = validate(line, (), stream_of(line), context)
        assert isinstance(verdict, Rejected), reason
        assert verdict.reason == reason, verdict.detail


def test_all_event_types_corrections_and_duplicates_occur(lines: list[bytes]) -> None:
    text = b"\n".join(lines)
    for type_ in (
        *("feedback.invited", "feedback.answered", "feedback.given", "feedback.retracted"),
        *("contact.recorded", "contact.retracted", "hyte.counted", "care.service-event", "care.suuntima"),
        *("care.plan", "care.segment", "care.retracted", "client.merged", "client.erased"),
    ):
        assert f'"fi.hva.{type_}.v1"'.encode() in text, type_
    assert b'"revision":2' in text
    assert len(set(lines)) < len(lines)


def test_arrival_order_differs_from_event_order(lines: list[bytes]) -> None:
    times = [event["time"] for line in lines[:3000] if isinstance(event := _loads(line), dict) and "time" in event]
    assert any(later < earlier for earlier, later in pairwise(times))


def _loads(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def test_simulated_codes_are_in_the_default_registers() -> None:
    registers = load_folder(CONFIG)
    assert missing_units(tuple(COUNTIES), registers.known_units) == []
    assert missing_units(("pirha",), {}) != []
    sectors = {service.sector for plan in COUNTIES.values() for service in plan.services}
    assert sectors <= set(registers.sectors)
    promised = {(promise.county, promise.line) for promise in registers.promises}
    assert {(plan.county, line.code) for plan in COUNTIES.values() for line in plan.lines} <= promised


def test_only_test_identities_are_used() -> None:
    codes = [hetu(number) for number in range(20_000)]
    assert len(set(codes)) == len(codes)
    assert all(code[7] == "9" for code in codes)
    born = Counter(code[6] for code in codes)
    assert set(born) > set("-A")


def test_clients_of_two_counties_share_no_identity() -> None:
    plan = COUNTIES["pirha"]
    ours = people(plan, 500, Random(1), 0)
    theirs = people(plan, 500, Random(1), 1_000_000)
    assert not {orjson.dumps(client.ref) for client in ours} & {orjson.dumps(client.ref) for client in theirs}


def test_calendar_writes_utc_and_local_times() -> None:
    calendar = Calendar(date(2026, 3, 28), 3)
    origin = datetime(2026, 3, 27, tzinfo=UTC).timestamp()
    for at in range(0, 4 * 86_400, 1_799):
        for text in (calendar.utc(at), calendar.local(at)):
            assert datetime.fromisoformat(text).timestamp() == origin + at
    assert calendar.local(calendar.starts[2]) == "2026-03-30T00:00:00+03:00"
    assert calendar.starts[2] - calendar.starts[1] == 23 * 3600


@pytest.mark.parametrize(
    "wrong", [{"days": 0}, {"clients": 0}, {"bad": 2.0}, {"counties": ("uusimaa",)}, {"erasures": -1}]
)
def test_invalid_option_is_named(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Options(UNTIL, **wrong)  # type: ignore[arg-type]


def test_smallest_simulation_runs() -> None:
    assert list(stream(Options(until=UNTIL, days=1, clients=1, bad=0))) is not None


def test_write_reports_its_progress() -> None:
    out, progress = io.BytesIO(), list[int]()
    assert write((b"%d" % n for n in range(4_001)), out, progress.append) == 4_001
    assert out.getvalue().splitlines() == [b"%d" % n for n in range(4_001)]
    assert progress == [2_000, 2_000, 1]


def test_paced_writing_follows_the_clock() -> None:
    clock, slept = [100.0], list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += seconds

    out = io.BytesIO()
    assert write_paced([b"a"] * 11, out, 2.0, lambda: clock[0], sleep) == 11
    assert sum(slept) == pytest.approx(5.0)
    assert out.getvalue() == b"a\n" * 11
