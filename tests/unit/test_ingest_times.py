"""Times and dates: their format, and how far in the future they may be."""

from datetime import UTC, datetime, timedelta

import pytest

from services.ingest.validate import Accepted
from shared.contracts.event_types import EVENT_TYPES
from tests.unit.ingest_cases import HYTE, NOW, PLAN, canonical_data, context, event, judge, reason

FAR_FUTURE = "2099-01-01T12:00:00+02:00"
TIMES = [(name, field) for name, kind in EVENT_TYPES.items() for field in kind.instants]


@pytest.mark.parametrize(("name", "field"), TIMES)
def test_time_must_be_valid_rfc_3339(name, field):
    assert (
        canonical_data(event(name, **{field: "2026-03-31t23:59:59.9999999+03:00"}))[field]
        == "2026-03-31T20:59:59.999999Z"
    )
    for value in ("2026-03-01", "2026-03-01T12:00:00", "0001-01-01T00:00:00+02:00", 1767225600, True, [], ""):
        assert reason(event(name, **{field: value})) == "schema"


@pytest.mark.parametrize(("name", "field"), [("fi.hva.feedback.invited.v1", None), *TIMES])
def test_time_may_be_up_to_one_hour_in_the_future(name, field):
    limit = NOW + timedelta(hours=1)
    for moment, rejected in [(limit, False), (limit + timedelta(microseconds=1), field != "promised_by")]:
        sent = event(name, **{field: moment.isoformat()}) if field else event(name) | {"time": moment.isoformat()}
        verdict = judge(sent)
        if rejected:
            assert (verdict.reason, verdict.retry_at) == ("future_time", moment - timedelta(hours=1))
            assert verdict.detail == f"{f'data.{field}' if field else 'time'}: more than one hour in the future"
            assert isinstance(judge(sent, ctx=context(now=verdict.retry_at)), Accepted)
        else:
            assert isinstance(verdict, Accepted)


def test_latest_future_time_decides_when_to_retry():
    verdict = judge(event(answered_at=FAR_FUTURE, ended_at="2100-01-01T00:00:00Z") | {"time": FAR_FUTURE})
    assert verdict.retry_at == datetime(2099, 12, 31, 23, tzinfo=UTC)
    assert verdict.source == "urn:hva:oma-hame:acd"
    assert judge(event(ended_at="9999-12-31T23:59:59.999999Z")).reason == "future_time"


def test_future_date_counts_as_its_local_midnight():
    sent = event(HYTE, counted_on="2026-06-02")
    for now, expected in [("2026-06-01T19:59:59", "future_time"), ("2026-06-01T20:00:00", None)]:
        assert reason(sent, ctx=context(datetime.fromisoformat(f"{now}+00:00"))) == expected
    assert judge(sent, ctx=context(NOW)).retry_at == datetime(2026, 6, 1, 20, tzinfo=UTC)
    assert reason(event(HYTE, counted_on="0001-01-01")) is None
    assert reason(event(HYTE, counted_on="9999-12-31")) == "future_time"


def test_promises_and_validity_may_be_in_the_future():
    assert reason(event(promised_by=FAR_FUTURE)) is None
    assert reason(event(PLAN, valid_from="2099-01-01", valid_to="9999-12-31")) is None


@pytest.mark.parametrize("name", ["fi.hva.care.common-client.v1", PLAN, "fi.hva.care.segment.v1"])
def test_valid_to_must_be_a_date_after_valid_from(name):
    assert canonical_data(event(name, valid_to="2026-05-02"))["valid_to"] == "2026-05-02"
    assert "valid_to" not in canonical_data(event(name))
    for value in ("2026-05-01", "2026-04-30", "2026-02-30", "20260502", "2026-05-02T00:00:00Z", 7, ""):
        assert reason(event(name, valid_to=value)) == "schema"
