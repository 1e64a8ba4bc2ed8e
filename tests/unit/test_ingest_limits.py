"""The size limit of a record, headers included, and when the source of a rejected record is kept."""

import orjson
import pytest

from services.ingest.validate import Rejected, validate
from shared.contracts.catalogue import RECORD_LIMIT, Stream
from shared.record import Headers
from tests.unit.ingest_cases import HETU, context, event, judge

MODES = {
    "structured": (("content-type", b"application/cloudevents+json"),),
    "binary": (
        ("content-type", b"application/json"),
        *((f"ce_{name}", str(value).encode()) for name, value in event().items() if name != "data"),
    ),
}


def reason_at_size(size: int, headers: Headers, mode: str) -> str | None:
    """Return why an event whose value and headers have this many bytes is rejected, or None."""
    sent = event() if mode == "structured" else event()["data"]
    header_size = sum(len(name) + len(value or b"") for name, value in headers)
    value = orjson.dumps(sent)
    value += b" " * (size - header_size - len(value))
    verdict = validate(value, headers, Stream.CONTACT, context())
    return verdict.reason.value if isinstance(verdict, Rejected) else None


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("more", [(), (("x-trace", None),), (("x-trace", b"a" * 1000), ("y", b"\xff" * 1000))])
def test_headers_count_towards_the_size(mode: str, more: Headers) -> None:
    headers = (*MODES[mode], *more)
    assert reason_at_size(RECORD_LIMIT, headers, mode) is None
    assert reason_at_size(RECORD_LIMIT + 1, headers, mode) == "too_large"


def test_headers_alone_can_be_too_large() -> None:
    headers = (*MODES["structured"], ("x", b"x" * RECORD_LIMIT))
    verdict = validate(orjson.dumps(event()), headers, Stream.CONTACT, context())
    assert isinstance(verdict, Rejected)
    assert verdict.reason == "too_large"
    assert verdict.detail.endswith(f"more than {RECORD_LIMIT}")


@pytest.mark.parametrize("code", [HETU.lower(), "010594-9032", "puhelin-010594-9032"])
@pytest.mark.parametrize("place", ["oma-hame:{}", "{}:puhelin"])
def test_source_with_a_personal_identity_code_is_not_kept(code: str, place: str) -> None:
    verdict = judge(event() | {"source": f"urn:hva:{place.format(code)}"})
    assert isinstance(verdict, Rejected)
    assert verdict.reason == ("personal_id" if place.startswith("oma-hame") else "unknown_source")
    assert verdict.source is None
    assert code not in verdict.detail


def test_any_other_source_is_kept() -> None:
    for name in ("acd", "010594-9033", "x010594-9032"):  # another check character; a letter before it
        verdict = judge(event(channel="fax") | {"source": f"urn:hva:oma-hame:{name}"})
        assert (verdict.reason, verdict.source) == ("schema", f"urn:hva:oma-hame:{name}")
