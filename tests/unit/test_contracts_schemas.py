"""The JSON Schemas for upstream systems are generated from the models, and accept what ingest accepts."""

import copy
import json

import pytest
from jsonschema import Draft202012Validator

from shared.contracts.event_types import EVENT_TYPES
from shared.contracts.schemas.build import FOLDER, event_schema, file_of, texts
from tests.unit.ingest_cases import ANSWERED, CONTACT, DATA, GIVEN, HETU, HYTE, PLAN, event, reason


def is_valid(sent):
    return Draft202012Validator(event_schema(EVENT_TYPES[sent["type"]])).is_valid(sent)


def test_schema_files_are_current():
    assert {path.stem for path in FOLDER.glob("*.json")} == texts().keys() == {*EVENT_TYPES, "hva.segment.v1"}
    for name, text in texts().items():
        assert file_of(name).read_text(encoding="utf-8") == text, "run python -m shared.contracts.schemas"
        Draft202012Validator.check_schema(json.loads(text))


@pytest.mark.parametrize("name", DATA)
def test_accepted_event_is_valid(name):
    assert is_valid(event(name))
    assert reason(event(name)) is None


@pytest.mark.parametrize(
    "sent",
    [
        event(CONTACT, revision=9.0, client={"hetu": HETU, "local_id": None, "x": 1}, reason=None, planned=None),
        event(ANSWERED, comment="hyvä", answers=[{"question": "oma", "value": 5.0, "x": 1}]),
        event(GIVEN, comment=None, themes=["a", "a"]),
    ],
)
def test_null_means_absent_in_schemas_too(sent):
    assert is_valid(sent)
    assert reason(sent) is None


@pytest.mark.parametrize(
    "sent",
    [
        event(CONTACT, channel="fax"),
        event(CONTACT, unit="all"),
        event(CONTACT, contact_id=""),
        event(CONTACT, started_at="2026-05-01"),
        event(CONTACT, client={}),
        event(CONTACT, client={"hetu": HETU, "local_id": "A1"}),
        event(CONTACT, transfers=-1),
        event(HYTE, count=1.5),
        event(HYTE, counted_on="1.5.2026"),
        event(PLAN, client=...),
        event(ANSWERED, answers=[{"question": "recommend", "value": 11}]),
        event(ANSWERED, answers=[{"question": "useful", "value": 0}]),
        event(ANSWERED, answers=[{"question": "pei_cope_illness", "value": 1}]),
        event(ANSWERED, answers=[{"question": "oma", "value": "better"}]),
        event("fi.hva.feedback.retracted.v1", feedback_id="f1"),
        event("fi.hva.care.retracted.v1", plan_id=...),
        event(CONTACT) | {"specversion": "0.3"},
        event(CONTACT) | {"source": "acd"},
    ],
)
def test_invalid_event_is_refused_by_schema_and_ingest(sent):
    assert not is_valid(sent)
    assert reason(sent) in ("schema", "envelope")


def test_building_a_schema_does_not_change_the_model():
    before = copy.deepcopy(event_schema(EVENT_TYPES[CONTACT]))
    assert event_schema(EVENT_TYPES[CONTACT]) == before
