"""The canonical event, its digest, and the table of event types."""

import json
from datetime import UTC, date, datetime
from hashlib import sha256

import orjson
import pytest

from shared.contracts.canonical import digest, ecma_number
from shared.contracts.catalogue import Stream
from shared.contracts.event import ContractError, Event, decode_event, encode_event
from shared.contracts.event_types import EVENT_TYPES
from shared.contracts.reasons import Reason
from tests.unit.ingest_cases import ANSWERED, CONTACT, DATA, MERGED, PLAN, canonical, event, judge


def test_reasons_are_in_the_order_of_the_contract():
    assert " ".join(Reason) == (
        "too_large undecodable envelope unknown_source unknown_type wrong_topic personal_id schema "
        "unknown_unit future_time handler_bug"
    )


def test_every_event_type_has_test_data_and_declares_its_fields():
    assert DATA.keys() == EVENT_TYPES.keys()
    for event_type in EVENT_TYPES.values():
        fields = {field.alias or name for name, field in event_type.model.model_fields.items()}
        times = {n for n in fields if n.endswith("_at") or n == "promised_by"}
        assert set(event_type.instants) == times
        assert set(event_type.days) == {n for n in fields if n.startswith("valid_") or n == "counted_on"}
        assert set(event_type.past) == times - {"promised_by"}
        assert set(event_type.integers) == fields & {"revision", "count", "transfers"}
        assert set(event_type.clients) == fields & {"client", "from", "into"}
        assert event_type.ids.keys() == {n for n in fields if n.endswith("_id")} - (
            {"invitation_id"} if event_type.name == ANSWERED else set()
        )


def test_merges_and_erasures_and_their_retractions_go_to_the_person_topic():
    care = EVENT_TYPES["fi.hva.care.retracted.v1"]
    assert care.topics["merge"] == "hva.person.v1"
    assert care.topics["plan"] == "hva.care.v1"
    assert EVENT_TYPES[MERGED].stream == Stream.CARE


@pytest.mark.parametrize("name", DATA)
def test_event_survives_encoding_and_decoding(name):
    verdict = judge(event(name))
    found = decode_event(verdict.value)
    assert found.type == name
    assert found.time == datetime(2026, 5, 1, 7, 5, tzinfo=UTC)
    assert (found.county, found.source, found.id) == ("oma-hame", "urn:hva:oma-hame:acd", "e1")
    assert orjson.loads(encode_event(found)) == orjson.loads(verdict.value)
    assert decode_event(encode_event(found)) == found


def test_decoded_data_is_typed():
    found = decode_event(judge(event(PLAN, valid_to="2026-06-01")).value).data
    assert (found.valid_from, found.valid_to) == (date(2026, 5, 1), date(2026, 6, 1))
    answered = decode_event(judge(event(ANSWERED)).value).data
    assert answered.answered_at == datetime(2026, 5, 1, 7, tzinfo=UTC)
    assert answered.answers == [{"question": "recommend", "value": 9}]


def test_revision_longer_than_64_bits_is_preserved():
    for revision in (2**63, 2**64 - 1, 2**64, 10**400, int("9" * 4300)):
        found = decode_event(judge(event(revision=revision)).value)
        assert found.data.revision == revision
        assert decode_event(encode_event(found)) == found


GOOD = json.loads(judge(event(CONTACT)).value)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{}",
        b"\xff",
        b'{"data":{"revision":1e999}}',
        *(json.dumps({k: v for k, v in GOOD.items() if k != name}).encode() for name in GOOD if name != "specversion"),
        *(
            json.dumps(GOOD | {name: bad}).encode()
            for name in ("digest", "time", "type", "data")
            for bad in (1, "x", [])
        ),
        json.dumps(GOOD | {"digest": "00"}).encode(),
        json.dumps(GOOD | {"data": GOOD["data"] | {"unit": "all"}}).encode(),
        json.dumps(GOOD | {"data": GOOD["data"] | {"client": {"hetu": "x"}}}).encode(),
    ],
)
def test_invalid_canonical_event_is_refused(value):
    with pytest.raises(ContractError):
        decode_event(value)


def test_errors_contain_no_values():
    bad = GOOD | {"data": GOOD["data"] | {"unit": "all", "channel": "secret"}}
    with pytest.raises(ContractError) as caught:
        decode_event(json.dumps(bad).encode())
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_changed_event_can_be_encoded_again():
    decoded = decode_event(judge(event(CONTACT)).value)
    assert isinstance(decoded, Event)
    assert decode_event(encode_event(decoded._replace(id="other"))).id == "other"


def test_digest_is_the_sha_256_of_the_rfc_8785_form():
    found = canonical(event(CONTACT, reason='ä\u2028\x7f\x01"\\/😀', transfers=2.0, client={"local_id": "A1"}))
    expected = (
        '{"abandoned":false,"channel":"phone","contact_id":"c1","direction":"inbound","line":"terveys",'
        '"planned":false,"reason":"ä\u2028\x7f\\u0001\\"\\\\/😀","revision":1,'
        '"started_at":"2026-05-01T07:00:00.000000Z","transfers":2,"unit":"ta"}'
    )
    assert found["digest"] == sha256(expected.encode()).hexdigest()


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (1, "1"),
        (2**53, "9007199254740992"),
        (2**53 + 1, "9007199254740992"),
        (2**60, "1152921504606847000"),
        (10**16, "10000000000000000"),
        (2**63 - 1, "9223372036854776000"),
        (10**20, "100000000000000000000"),
        (999999999999999999999, "1e+21"),
        (10**21, "1e+21"),
        (123 * 10**21, "1.23e+23"),
        (10**309, str(10**309)),
    ],
)
def test_numbers_are_written_as_in_ecmascript(number, text):
    assert ecma_number(number) == text


def test_digest_uses_the_ecmascript_form_of_large_numbers():
    assert digest({"revision": 2**60}) == sha256(b'{"revision":1152921504606847000}').digest()
    assert digest({"revision": 1, "count": 2**60}) == sha256(b'{"count":1152921504606847000,"revision":1}').digest()
