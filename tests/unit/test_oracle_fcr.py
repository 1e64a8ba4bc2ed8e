"""The oracle's first-contact figures against known answers: repeats, shares, clients, states."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.oracle import fcr_views
from tests.oracle.contact_cases import (
    DAY,
    HANDLED,
    MONDAY,
    NOW,
    REGISTERS,
    SECOND,
    SPRING,
    TICK,
    contact,
    figures,
    linked,
)
from tests.oracle.facts import Facts
from tests.oracle.verdict import Accepted


def confirmed(contacts, days=7, **kept):
    (row,) = figures(contacts, window_days=days, period_kind="year", period="2026", **kept)["fcr_confirmed"]
    return row["confirmed"], row["repeats"]


@pytest.mark.parametrize("days", [1, 7, 30])
@pytest.mark.parametrize(("late", "repeat"), [(-TICK, True), (0 * DAY, True), (TICK, False), (SECOND, False)])
def test_repeat_counts_up_to_the_exact_end_of_the_window(days, late, repeat):
    first = linked("a", MONDAY - timedelta(minutes=5), ended_at=MONDAY)
    second = linked("b", MONDAY + days * DAY + late)
    assert confirmed([first, second], days) == ((1, 1) if repeat else (2, 0))


@pytest.mark.parametrize(
    ("ended_at", "end"),
    [
        (None, MONDAY),
        (MONDAY + DAY - TICK, MONDAY + DAY - TICK),
        (MONDAY + 3 * DAY, MONDAY + DAY),
        (MONDAY - SECOND, MONDAY - SECOND),
    ],
)
def test_window_starts_at_the_end_of_the_contact_within_a_day(ended_at, end):
    first = linked("a", ended_at=ended_at)
    assert confirmed([first, linked("b", end + 7 * DAY)]) == (1, 1)
    assert confirmed([first, linked("b", end + 7 * DAY + TICK)]) == (2, 0)


def test_window_is_elapsed_time_across_a_clock_change():
    first = linked("a", datetime(2026, 3, 28, 10, tzinfo=UTC))
    assert confirmed([first, linked("b", datetime(2026, 3, 29, 10, tzinfo=UTC))], 1) == (1, 1)
    assert confirmed([first, linked("b", datetime(2026, 3, 29, 10, tzinfo=UTC) + TICK)], 1) == (2, 0)


@pytest.mark.parametrize(
    ("fields", "repeat"),
    [
        ({}, True),
        ({"answered_at": None, "abandoned": True}, True),
        ({"channel": "other"}, True),
        ({"channel": "digital_booking", "answered_at": None}, True),
        ({"planned": True}, False),
        ({"direction": "outbound"}, False),
        ({"excluded": "test"}, False),
        ({"line": "m"}, False),
        ({"reason": "s"}, False),
        ({"reason": None}, False),
        ({"client": None}, False),
        ({"client": ("c", "other")}, False),
        ({"unit": "v"}, True),
    ],
)
def test_only_a_matching_inbound_contact_is_a_repeat(fields, repeat):
    (row,) = figures([linked("a"), linked("b", MONDAY + DAY, **fields)], period="2026-03-02")["fcr_confirmed"]
    assert row["confirmed"] == (0 if repeat else 1)


def test_at_equal_times_the_greater_id_is_the_repeat():
    tied = [linked("\uffff"), linked("\U0001f600", outcome="sent")]
    assert confirmed(tied) == confirmed(tied[::-1]) == (0, 1)
    assert confirmed([linked("\uffff", outcome="sent"), linked("\U0001f600")]) == (1, 1)


def test_only_a_handled_contact_can_be_repeated():
    unanswered = linked("a", answered_at=None)
    assert confirmed([unanswered, linked("b", MONDAY + DAY)]) == (1, 0)
    assert confirmed([linked("a", channel="sms"), linked("b", MONDAY + DAY)]) == (1, 1)


def handled(count, resolved, channel, day):
    for number in range(count):
        outcome = "done" if number < resolved else "sent"
        yield contact(f"{day}-{channel}-{number}", day, channel=channel, answered_at=day, outcome=outcome)


def test_gross_from_36_to_38_percent_is_five_ninths_of_the_target():
    contacts = [*handled(100, 36, "phone", MONDAY), *handled(100, 38, "phone", SPRING)]
    rows = figures(contacts, period_kind="quarter")["fcr"]
    before, after = (row["gross"] for row in sorted(rows, key=lambda row: row["period"]))
    assert (before, after) == (0.36, 0.38)
    assert before * 1.1 == pytest.approx(0.396)
    assert (after - before) / (before * 0.1) == pytest.approx(0.556, abs=5e-4)


def test_larger_share_of_chat_raises_the_total():
    contacts = [*handled(1000, 300, "phone", MONDAY), *handled(100, 60, "chat", MONDAY)]
    contacts += [*handled(900, 270, "phone", SPRING), *handled(300, 180, "chat", SPRING)]
    contacts += handled(50, 50, "sms", MONDAY)
    rows = fcr_views(Facts(contacts), REGISTERS, NOW)["fcr"]
    found = {
        (row["period"], row["channel"]): (row["handled"], round(100 * row["gross"], 2))
        for row in rows
        if row["period_kind"] == "quarter" and (row["scope_level"], row["segment"]) == ("county", "all")
    }
    assert found == {
        ("2026Q1", "all"): (1100, 32.73),
        ("2026Q1", "phone"): (1000, 30.0),
        ("2026Q1", "chat"): (100, 60.0),
        ("2026Q2", "all"): (1200, 37.5),
        ("2026Q2", "phone"): (900, 30.0),
        ("2026Q2", "chat"): (300, 60.0),
    }


def test_quarter_changes_at_local_midnight():
    late = datetime(2026, 3, 31, 20, 59, 59, tzinfo=UTC)
    for started_at, quarter in ((late, "2026Q1"), (late + SECOND, "2026Q2")):
        rows = figures([linked("a", started_at)], period_kind="quarter")["fcr"]
        assert [row["period"] for row in rows] == [quarter]


def test_outcome_flags_with_and_without_classification():
    contacts = [
        contact("a", **HANDLED, outcome="done"),
        contact("b", **HANDLED, outcome="done", classification="1"),
        contact("c", **HANDLED, outcome="done", classification="2"),
        contact("d", **HANDLED, outcome="unlisted"),
        contact("e", **HANDLED, classification="2"),
    ]
    (row,) = figures(contacts, period="2026-03")["fcr"]
    assert [row[name] for name in ("handled", "with_outcome", "resolved", "resolvable")] == [5, 4, 2, 3]
    assert (row["gross"], row["net"], row["outcome_coverage"]) == (0.5, 2 / 3, 0.8)
    guidance = {(row["scope_level"], row["count"]) for row in fcr_views(Facts(contacts), REGISTERS, NOW)["hyte"]}
    assert guidance == {
        (level, 1) for level in ("county", "unit", "line", "division", "result_area", "service_area", "region")
    }


def test_first_contact_of_a_client_decides_in_each_cell():
    contacts = [
        linked("a"),
        linked("b", MONDAY + DAY, channel="chat"),
        linked("c", MONDAY, client=("c", "calm")),
    ]
    clients = {
        channel: [(row["clients"], row["clients_not_repeated"]) for row in rows]
        for channel in ("all", "phone", "chat")
        for rows in [figures(contacts, channel=channel, period="2026-03", window_days=7)["fcr_client"]]
    }
    assert clients == {"all": [(2, 1)], "phone": [(2, 1)], "chat": [(1, 1)]}


@pytest.mark.parametrize(("last", "index"), [(30 * DAY - TICK, 100.0), (30 * DAY, 0.0)])
def test_third_contact_within_thirty_days_is_revolving(last, index):
    contacts = [
        linked("a"),
        linked("b", MONDAY + DAY, line="m", reason=None),
        linked("c", MONDAY + last, channel="sms"),
    ]
    (row,) = figures(contacts, period="2026")["revolving"]
    assert (row["clients"], row["index"]) == (1, index)


@pytest.mark.parametrize("days", [1, 7, 30])
def test_day_is_final_one_day_after_its_window(days):
    ended = datetime(2026, 3, 31, 21, tzinfo=UTC) + (days + 1) * DAY
    for as_of, state in ((ended - TICK, "provisional"), (ended, "final")):
        found = figures([linked("a")], as_of, period="2026-03", window_days=days)
        assert {row["state"] for view in ("fcr_confirmed", "fcr_client") for row in found[view]} == {state}


def test_views_have_the_expected_combinations_of_keys():
    found = fcr_views(Facts([linked("a")]), REGISTERS, NOW)
    days = {
        view: {row.get("window_days") for row in rows if row["period_kind"] == "day"} for view, rows in found.items()
    }
    assert days["fcr_confirmed"] == {7} and days["fcr"] == days["access"] == days["digital"] == {None}
    assert days["fcr_client"] == days["revolving"] == set()
    for view in ("fcr_client", "revolving"):
        assert all("all" in (row["channel"], row["segment"]) for row in found[view])
    assert {(row["channel"], row["segment"]) for row in found["fcr"] if row["period_kind"] == "month"} == {
        *(("all", "all"), ("phone", "all"), ("all", "other"), ("phone", "other"))
    }
    assert {row["scope"] for row in found["fcr"] if row["scope_level"] == "line"} == {"l"}


def test_merged_clients_are_one_person_only_when_merges_apply():
    data = {"from": ("c", "who"), "into": ("c", "alias")}
    merge = Accepted("fi.hva.client.merged.v1", "care", "merge", "m", "c", 1, (1,), False, data)
    events = [linked("a"), linked("b", MONDAY + DAY, client=("c", "alias")), merge]
    for merges, clients in ((True, 1), (False, 2)):
        rows = fcr_views(Facts(events, merges=merges), REGISTERS, NOW)["fcr_client"]
        assert {row["clients"] for row in rows if row["scope_level"] == "county"} == {clients}
