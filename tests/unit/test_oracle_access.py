"""The oracle's access, digital and hyte figures at the limits that docs/figures.md states."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.oracle import fcr_views
from tests.oracle.contact_cases import DAY, HANDLED, MONDAY, NOW, REGISTERS, SECOND, TICK, contact, figures
from tests.oracle.facts import Facts
from tests.oracle.fcr_rows import quantile
from tests.oracle.verdict import Accepted


@pytest.mark.parametrize(("after", "early"), [(5 * SECOND, 1), (5 * SECOND + TICK, 0), (-SECOND, 1)])
def test_contact_abandoned_within_five_seconds_is_early(after, early):
    abandoned = {"abandoned": True, "ended_at": MONDAY + after}
    contacts = [contact("a", **abandoned), contact("b", **abandoned, **HANDLED), contact("c", abandoned=True)]
    (row,) = figures(contacts, period="2026-03")["access"]
    assert (row["inbound"], row["early"], row["answered_share"]) == (3, early, 1 / (3 - early))


def test_waiting_time_quantiles_are_histogram_bounds():
    waits = [-SECOND, 10 * SECOND, 10 * SECOND + TICK, 86400 * SECOND, 86400 * SECOND + TICK]
    contacts = [contact(f"{n}", answered_at=MONDAY + wait) for n, wait in enumerate(waits)]
    for count, p50, p90 in ((1, 10, 10), (2, 10, 10), (3, 10, 30), (4, 10, 86400), (5, 30, float("inf"))):
        (row,) = figures(contacts[:count], period="2026-03")["access"]
        assert (row["waits"], row["wait_p50"], row["wait_p90"]) == (count, p50, p90)
    assert quantile(list(range(1, 11)), 9) == 9 and quantile([], 5) is None


def test_response_at_the_due_time_keeps_the_promise():
    april = datetime(2026, 4, 30, 12, tzinfo=UTC)
    midnight, after_may_day = datetime(2026, 4, 30, 21, tzinfo=UTC), datetime(2026, 5, 4, 21, tzinfo=UTC)
    for started_at, channel, due in (
        (MONDAY, "phone", MONDAY + timedelta(minutes=10)),
        (april, "phone", midnight),
        (april, "chat", after_may_day),
    ):
        assert REGISTERS.due("c", "l", channel, started_at) == due
        for shift, kept in ((0 * DAY, 1), (TICK, 0)):
            called = {"callback_first_attempt_at": due + shift}
            (row,) = figures([contact("a", started_at, channel=channel, **called)], period="2026")["access"]
            assert (row["with_promise"], row["promise_kept"], row["handled"]) == (1, kept, 0)
    own = contact("a", promised_by=MONDAY, answered_at=MONDAY + TICK)
    assert figures([own], period="2026")["access"][0]["promise_kept"] == 0
    assert figures([contact("a", line="m", **HANDLED)], period="2026")["access"][0]["with_promise"] == 0


def test_promise_without_response_counts_once_it_is_due():
    waiting = contact("a", promised_by=NOW)
    for as_of, count in ((NOW - TICK, 0), (NOW, 1)):
        (row,) = figures([waiting], as_of, period="2026-03")["access"]
        assert (row["with_promise"], row["promise_kept"]) == (count, 0)


def test_callback_on_the_local_date_of_its_request_is_same_day():
    requested_at = datetime(2026, 3, 29, 1, tzinfo=UTC)
    midnight = datetime(2026, 3, 29, 21, tzinfo=UTC)
    for reached, same in ((midnight - TICK, 1), (midnight, 0), (None, 0)):
        called = {"callback_requested_at": requested_at, "callback_reached_at": reached, "answer_mode": "callback"}
        (row,) = figures([contact("a", requested_at, **called)], period="2026-03")["access"]
        assert (row["callback_requested"], row["callback_same_day"], row["callback"]) == (1, same, int(bool(reached)))


def test_transfers_and_digital_channels_are_counted():
    channels = ("phone", "chat", "sms", "digital_booking", "other")
    contacts = [contact(name, channel=name, transfers=n, **HANDLED) for n, name in enumerate(channels)]
    (row,) = figures(contacts, period="2026-03")["access"]
    assert [row[name] for name in ("inbound", "transfers", "transfers_mean", "bounced")] == [3, 3, 1.0, 1]
    (row,) = figures(contacts, period="2026-03")["digital"]
    assert (row["phone"], row["digital_booking"], row["digital_share"]) == (1, 1, 0.5)
    assert figures(contacts[-1:])["digital"] == []


def test_hyte_counts_are_summed_per_kind():
    def hyte_count(name, kind, count):
        data = {"unit": "u", "kind": kind, "counted_on": date(2026, 3, 31), "count": count}
        return Accepted("fi.hva.hyte.counted.v1", "contact", "hyte", name, "c", 1, (1,), False, data)

    counts = [
        hyte_count("a", "tray_visit", 2),
        hyte_count("b", "tray_visit", 3),
        hyte_count("c", "exercise_referral", 0),
    ]
    rows = fcr_views(Facts(counts), REGISTERS, NOW)["hyte"]
    assert {(row["kind"], row["count"]) for row in rows} == {("tray_visit", 5)}
    assert {row["scope_level"] for row in rows} == {
        *("county", "unit", "division", "result_area", "service_area", "region")
    }
