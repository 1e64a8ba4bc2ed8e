"""Records as ingest writes them are read without the models, and no record gets another verdict than by the models."""

import json
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.event import ContractError, Event, validate_event
from shared.contracts.event_types import EVENT_TYPES
from shared.contracts.written import read_written
from tests.unit.ingest_cases import DATA, event, judge

PLAIN = sorted(name for name in DATA if read_written(judge(event(name)).value) is not None)
RECORDS = {name: json.loads(judge(event(name)).value) for name in PLAIN}
ODD = [
    *(None, True, 0, -1, 1, 1.0, 2**63 - 1, 2**63, 2**64, 10**30, 1e300, {}, [], "", "x"),
    *("all", "-", "a\0", "a\nb", "ä" * 200, "x" * 201, "k1." + "A" * 22, "k1." + "A" * 22 + "\n"),
    *("2026-05-01T07:00:00Z", "2026-05-01 07:00:00Z", "2026-05-01T07:00:00.000000+00:00", "2026-05-01", "00" * 32),
    *("2026-05-01T24:00:00.000000Z", "2026-05-01T07:00:00,000000Z", "2026-05-01T07:00:00.1234567Z", "20260501"),
    *(["all"], ["theme"], ["theme", 1], ["theme", "x" * 201]),
    *(
        [{"question": question, "value": 3}]
        for question in ("recommend", "useful", "all", "-", "x", "pei_cope_illness")
    ),
    *([{"question": "recommend", "value": value}] for value in (-1, 10, 11, 1.0, "better", None, True)),
    [{"question": "recommend"}],
    [{"question": "recommend", "value": 3, "more": 1}],
    [{"question": "recommend", "value": 3}, {"question": "recommend", "value": 4}],
]
VALUES = st.sampled_from(ODD) | st.text(max_size=5) | st.floats()


def fields(event: Event) -> tuple[object, ...]:
    names = EVENT_TYPES[event.type].model.model_fields
    return *event[:-1], *(getattr(event.data, name) for name in names)


def compare(value: bytes) -> None:
    """What is read is what the models accept."""
    read = read_written(value)
    if read is not None:
        assert fields(Event(*read)) == fields(validate_event(value))


def test_types_without_conditions_between_fields_are_read():
    assert {"answered", "invited", "given", "recorded", "service-event"} <= {name.split(".")[-2] for name in PLAIN}


@pytest.mark.parametrize("name", PLAIN)
def test_every_field_is_read(name):
    compare(judge(event(name)).value)


@pytest.mark.parametrize("name", PLAIN)
def test_no_other_verdict_with_an_odd_field(name):
    record = RECORDS[name]
    for field, value in product([*EVENT_TYPES[name].fields, "more"], ODD):
        compare(json.dumps(record | {"data": record["data"] | {field: value}}, ensure_ascii=False).encode("utf-8"))
    for field, value in product(("id", "source", "type", "time", "digest", "county", "specversion", "more"), ODD):
        compare(json.dumps(record | {field: value}, ensure_ascii=False).encode("utf-8"))


@given(st.sampled_from(PLAIN), st.data())
def test_no_other_verdict_with_changed_data(name, data):
    record = RECORDS[name]
    changed = data.draw(st.dictionaries(st.sampled_from([*EVENT_TYPES[name].fields, "more"]), VALUES, max_size=2))
    removed = data.draw(st.sets(st.sampled_from(sorted(record["data"])), max_size=1))
    kept = {key: value for key, value in record["data"].items() if key not in removed}
    compare(json.dumps(record | {"data": kept | changed}, ensure_ascii=data.draw(st.booleans())).encode("utf-8"))


@given(st.sampled_from(PLAIN), st.data())
def test_no_other_verdict_with_changed_bytes(name, data):
    value = judge(event(name)).value
    place = data.draw(st.integers(0, len(value)))
    changed = value[:place] + data.draw(st.binary(max_size=2)) + value[place + data.draw(st.integers(0, 2)) :]
    compare(changed)


def test_a_record_that_is_not_plain_is_left_to_the_models():
    for value in (b"", b"\xff", b"{}", judge(event("fi.hva.care.plan.v1")).value):
        assert read_written(value) is None
    with pytest.raises(ContractError):
        validate_event(b"{}")
