"""The oracle's first-contact family against known answers and the edges that the contract names."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.oracle import fcr_views
from tests.oracle.facts import Facts
from tests.oracle.fcr_rows import smallest
from tests.oracle.registers import Registers
from tests.oracle.verdict import Accepted

NOW = datetime(2026, 7, 1, tzinfo=UTC)
MONDAY = datetime(2026, 3, 2, 10, tzinfo=UTC)
TICK, SECOND, DAY = timedelta(microseconds=1), timedelta(seconds=1), timedelta(days=1)
HANDLED = {"answered_at": MONDAY}
OUTCOMES = [
    {"outcome": "done", "classification": "", "resolved": "true", "first_line_resolvable": "true", "hyte": "false"},
    {"outcome": "done", "classification": "2", "resolved": "false", "first_line_resolvable": "true", "hyte": "true"},
    {"outcome": "sent", "classification": "", "resolved": "false", "first_line_resolvable": "false", "hyte": "false"},
]
PROMISES = [
    {"county": "c", "line": "l", "channel": "phone", "kind": "minutes", "amount": "10", "valid_from": "2024-01-01"},
    {"county": "c", "line": "l", "channel": "phone", "kind": "same_day", "amount": "", "valid_from": "2026-04-01"},
    {"county": "c", "line": "l", "channel": "chat", "kind": "working_days", "amount": "1", "valid_from": "2024-01-01"},
]
REGISTERS = Registers([], PROMISES, [], {}, None, {}, OUTCOMES)
WHOLE = {"scope_level": "county", "scope": "c", "channel": "all", "segment": "all"}


def contact(name, started_at=MONDAY, **fields):
    data = {"unit": "u", "line": "l", "channel": "phone", "direction": "inbound", "started_at": started_at}
    data |= {"abandoned": False, "transfers": 0, "planned": False} | fields
    data = {name: value for name, value in data.items() if value is not None}
    return Accepted("fi.hva.contact.recorded.v1", "contact", "contact", name, "c", 1, (1,), False, data)


def linked(name, started_at=MONDAY, **fields):
    """A handled, linkable, resolved contact."""
    right = {"client": ("c", "who"), "reason": "r", "outcome": "done", "answered_at": started_at}
    return contact(name, started_at, **(right | fields))


def figures(contacts, as_of=NOW, **kept):
    """view -> its rows; with `kept` the only row that has these keys."""
    found = fcr_views(Facts(contacts), REGISTERS, as_of)
    return {view: [row for row in rows if (WHOLE | kept).items() <= row.items()] for view, rows in found.items()}


def confirmed(contacts, days=7, **kept):
    (row,) = figures(contacts, window_days=days, period_kind="year", period="2026", **kept)["fcr_confirmed"]
    return row["confirmed"], row["repeats"]


@pytest.mark.parametrize("days", [1, 7, 30])
@pytest.mark.parametrize(("late", "repeat"), [(-TICK, True), (0 * DAY, True), (TICK, False), (SECOND, False)])
def test_a_repeat_at_exactly_the_end_of_the_window(days, late, repeat):
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
def test_where_a_contact_ends(ended_at, end):
    first = linked("a", ended_at=ended_at)
    assert confirmed([first, linked("b", end + 7 * DAY)]) == (1, 1)
    assert confirmed([first, linked("b", end + 7 * DAY + TICK)]) == (2, 0)


def test_a_window_is_of_hours_whatever_the_clocks_do():
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
def test_what_repeats(fields, repeat):
    (row,) = figures([linked("a"), linked("b", MONDAY + DAY, **fields)], period="2026-03-02")["fcr_confirmed"]
    assert row["confirmed"] == (0 if repeat else 1)


def test_of_a_tie_the_greater_id_repeats_the_other():
    alike = [linked("\uffff"), linked("\U0001f600", outcome="sent")]
    assert confirmed(alike) == confirmed(alike[::-1]) == (0, 1)
    assert confirmed([linked("\uffff", outcome="sent"), linked("\U0001f600")]) == (1, 1)


def test_only_a_handled_contact_is_repeated():
    unanswered = linked("a", answered_at=None)
    assert confirmed([unanswered, linked("b", MONDAY + DAY)]) == (1, 0)
    assert confirmed([linked("a", channel="sms"), linked("b", MONDAY + DAY)]) == (1, 1)


def handled(count, resolved, channel, day):
    return [
        contact(
            f"{day}-{channel}-{n}", day, channel=channel, answered_at=day, outcome="done" if n < resolved else "sent"
        )
        for n in range(count)
    ]


def test_gross_from_36_to_38_percent_is_five_ninths_of_the_way():
    spring = datetime(2026, 5, 1, tzinfo=UTC)
    found = [
        row["gross"]
        for quarter in ("2026Q1", "2026Q2")
        for row in figures([*handled(100, 36, "phone", MONDAY), *handled(100, 38, "phone", spring)], period=quarter)[
            "fcr"
        ]
    ]
    before, after = found
    assert found == [0.36, 0.38] and before * 1.1 == pytest.approx(0.396)
    assert (after - before) / (before * 0.1) == pytest.approx(0.556, abs=5e-4)


def test_chat_beside_the_phone_lifts_the_whole():
    spring = datetime(2026, 5, 1, tzinfo=UTC)
    contacts = [*handled(1000, 300, "phone", MONDAY), *handled(100, 60, "chat", MONDAY)]
    contacts += [*handled(900, 270, "phone", spring), *handled(300, 180, "chat", spring)]
    contacts += handled(50, 50, "sms", MONDAY)
    (before,), (after,) = (figures(contacts, period=quarter)["fcr"] for quarter in ("2026Q1", "2026Q2"))
    assert (before["handled"], after["handled"]) == (1100, 1200)
    assert [round(100 * row["gross"], 2) for row in (before, after)] == [32.73, 37.5]
    for channel, gross in (("phone", 0.3), ("chat", 0.6)):
        for quarter in ("2026Q1", "2026Q2"):
            (row,) = figures(contacts, period=quarter, channel=channel)["fcr"]
            assert row["gross"] == gross
    assert figures(contacts, period="2026Q1", channel="sms")["fcr"] == []


def test_the_quarter_turns_at_local_midnight():
    late = datetime(2026, 3, 31, 20, 59, 59, tzinfo=UTC)
    for started_at, quarter in ((late, "2026Q1"), (late + SECOND, "2026Q2")):
        rows = figures([linked("a", started_at)], period_kind="quarter")["fcr"]
        assert [row["period"] for row in rows] == [quarter]


def test_outcomes_with_and_without_their_classification():
    contacts = [
        contact("a", **HANDLED, outcome="done"),
        contact("b", **HANDLED, outcome="done", classification="1"),
        contact("c", **HANDLED, outcome="done", classification="2"),
        contact("d", **HANDLED, outcome="unheard of"),
        contact("e", **HANDLED, classification="2"),
    ]
    (row,) = figures(contacts, period="2026-03")["fcr"]
    assert [row[name] for name in ("handled", "with_outcome", "resolved", "resolvable")] == [5, 4, 2, 3]
    assert (row["gross"], row["net"], row["outcome_coverage"]) == (0.5, 2 / 3, 0.8)
    guidance = {(row["scope_level"], row["count"]) for row in fcr_views(Facts(contacts), REGISTERS, NOW)["hyte"]}
    assert guidance == {
        (level, 1) for level in ("county", "unit", "line", "division", "result_area", "service_area", "region")
    }


def test_the_first_contact_of_a_client_decides_in_every_cell_for_itself():
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
def test_who_comes_a_third_time_within_thirty_days_revolves(last, index):
    contacts = [
        linked("a"),
        linked("b", MONDAY + DAY, line="m", reason=None),
        linked("c", MONDAY + last, channel="sms"),
    ]
    (row,) = figures(contacts, period="2026")["revolving"]
    assert (row["clients"], row["index"]) == (1, index)


@pytest.mark.parametrize(("after", "early"), [(5 * SECOND, 1), (5 * SECOND + TICK, 0), (-SECOND, 1)])
def test_given_up_within_five_seconds_is_early(after, early):
    given_up = {"abandoned": True, "ended_at": MONDAY + after}
    contacts = [contact("a", **given_up), contact("b", **given_up, **HANDLED), contact("c", abandoned=True)]
    (row,) = figures(contacts, period="2026-03")["access"]
    assert (row["inbound"], row["early"], row["answered_share"]) == (3, early, 1 / (3 - early))


def test_waiting_times_are_bounds_of_buckets():
    waits = [-SECOND, 10 * SECOND, 10 * SECOND + TICK, 86400 * SECOND, 86400 * SECOND + TICK]
    contacts = [contact(f"{n}", answered_at=MONDAY + wait) for n, wait in enumerate(waits)]
    for count, half, most in ((1, 10, 10), (2, 10, 10), (3, 10, 30), (4, 10, 86400), (5, 30, float("inf"))):
        (row,) = figures(contacts[:count], period="2026-03")["access"]
        assert (row["waits"], row["wait_p50"], row["wait_p90"]) == (count, half, most)
    assert smallest(list(range(1, 11)), 9) == 9 and smallest([], 5) is None


def test_promises_are_kept_until_they_fall_due():
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


def test_a_promise_without_response_counts_once_it_is_due():
    waiting = contact("a", promised_by=NOW)
    for as_of, count in ((NOW - TICK, 0), (NOW, 1)):
        (row,) = figures([waiting], as_of, period="2026-03")["access"]
        assert (row["with_promise"], row["promise_kept"]) == (count, 0)


def test_a_callback_on_the_local_date_of_its_request():
    asked = datetime(2026, 3, 29, 1, tzinfo=UTC)
    midnight = datetime(2026, 3, 29, 21, tzinfo=UTC)
    for reached, same in ((midnight - TICK, 1), (midnight, 0), (None, 0)):
        called = {"callback_requested_at": asked, "callback_reached_at": reached, "answer_mode": "callback"}
        (row,) = figures([contact("a", asked, **called)], period="2026-03")["access"]
        assert (row["callback_requested"], row["callback_same_day"], row["callback"]) == (1, same, int(bool(reached)))


def test_transfers_and_digital_channels():
    channels = ("phone", "chat", "sms", "digital_booking", "other")
    contacts = [contact(name, channel=name, transfers=n, **HANDLED) for n, name in enumerate(channels)]
    (row,) = figures(contacts, period="2026-03")["access"]
    assert [row[name] for name in ("inbound", "transfers", "transfers_mean", "bounced")] == [3, 3, 1.0, 1]
    (row,) = figures(contacts, period="2026-03")["digital"]
    assert (row["phone"], row["digital_booking"], row["digital_share"]) == (1, 1, 0.5)
    assert figures(contacts[-1:])["digital"] == []


def test_hyte_counts_are_not_summed_together():
    def counted(name, kind, count):
        data = {"unit": "u", "kind": kind, "counted_on": date(2026, 3, 31), "count": count}
        return Accepted("fi.hva.hyte.counted.v1", "contact", "hyte", name, "c", 1, (1,), False, data)

    counts = [counted("a", "tray_visit", 2), counted("b", "tray_visit", 3), counted("c", "exercise_referral", 0)]
    rows = fcr_views(Facts(counts), REGISTERS, NOW)["hyte"]
    assert {(row["kind"], row["count"]) for row in rows} == {("tray_visit", 5)}
    assert {row["scope_level"] for row in rows} == {
        *("county", "unit", "division", "result_area", "service_area", "region")
    }


@pytest.mark.parametrize("days", [1, 7, 30])
def test_a_day_is_final_when_the_window_and_a_day_have_passed(days):
    ended = datetime(2026, 3, 31, 21, tzinfo=UTC) + (days + 1) * DAY
    for as_of, state in ((ended - TICK, "provisional"), (ended, "final")):
        found = figures([linked("a")], as_of, period="2026-03", window_days=days)
        assert {row["state"] for view in ("fcr_confirmed", "fcr_client") for row in found[view]} == {state}


def test_which_rows_there_are():
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


def test_persons_are_one_only_where_merges_count():
    data = {"from": ("c", "who"), "into": ("c", "alias")}
    merge = Accepted("fi.hva.client.merged.v1", "care", "merge", "m", "c", 1, (1,), False, data)
    events = [linked("a"), linked("b", MONDAY + DAY, client=("c", "alias")), merge]
    for merges, clients in ((True, 1), (False, 2)):
        rows = fcr_views(Facts(events, merges=merges), REGISTERS, NOW)["fcr_client"]
        assert {row["clients"] for row in rows if row["scope_level"] == "county"} == {clients}
