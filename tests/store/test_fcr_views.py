"""Views of the first-contact family: formulas, as-of times, final states and very large counts."""

from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest

from tests.store.fcr_harness import BERTTA, DAY, HOUR, MICROSECOND, SECOND, START, Store, contact, counted, retracted

MAX_BIGINT = 2**63 - 1
PROMISE = "with_promise, promise_kept, promise_kept_share"


async def test_gross_and_net_resolution_by_outcome_flags(fcr: Store) -> None:
    outcomes = [
        ("hoidettu", None),  # resolved
        ("hoidettu", "1999"),  # not listed with this classification: flags of the outcome alone
        ("ajanvaraus", "2026"),  # resolvable
        ("ajanvaraus", None),  # listed with two classifications only: no flags
        ("lahete", "2026"),  # not resolvable by the first line
        ("keksitty", "2026"),  # unknown
        (None, "2026"),
    ]
    calls = [contact(f"c{n}", outcome=o, classification=c, client=None) for n, (o, c) in enumerate(outcomes)]
    await fcr.feed(*calls, contact("sms", channel="sms"), contact("missed", answered_at=None))
    numbers = await fcr.row("fcr", "handled, with_outcome, resolved, resolvable, gross, net, outcome_coverage")
    assert numbers == (7, 6, 2, 3, 2 / 6, 2 / 3, 6 / 7)
    assert await fcr.row("fcr", "handled, gross", channel="phone", segment="unknown") == (7, 2 / 6)
    assert await fcr.row("fcr", "handled", channel="sms") is None
    assert await fcr.row("fcr", "handled, gross", scope_level="line", scope="terveys", period="2026-03-02") == (
        7,
        2 / 6,
    )


async def test_confirmed_resolution_by_window(fcr: Store) -> None:
    await fcr.feed(
        contact("a"),
        contact("b", START + 5 * DAY, outcome="siirretty"),
        contact("c", START + 20 * DAY, outcome=None),
        contact("d", reason=None),
        contact("e", client=BERTTA, channel="chat"),
        contact("f", client=BERTTA, channel="sms"),
    )
    columns = "handled, linkable, linkable_with_outcome, confirmed, repeats, fcr_confirmed, linkable_share, repeat_rate"

    async def window(days: int, **keys: str) -> tuple[Any, ...] | None:
        return await fcr.row("fcr_confirmed", columns, window_days=days, **keys)

    assert await window(1) == (5, 4, 3, 1, 0, 1 / 3, 4 / 5, 0.0)  # the text message repeats Bertta's chat
    assert await window(7) == (5, 4, 3, 0, 1, 0.0, 4 / 5, 1 / 4)
    assert await window(30) == (5, 4, 3, 0, 2, 0.0, 4 / 5, 2 / 4)
    assert await window(7, period="2026-03-02") == (3, 2, 2, 0, 0, 0.0, 2 / 3, 0.0)
    days = await fcr.fetch("select distinct window_days from figures.fcr_confirmed where period_kind = 'day'")
    assert days == [(7,)]


@pytest.mark.parametrize(
    ("view", "window", "final"),
    [
        ("fcr", None, "2026-03-31T21:00:00Z"),
        ("access", None, "2026-03-31T21:00:00Z"),
        ("digital", None, "2026-03-31T21:00:00Z"),
        ("hyte", None, "2026-03-31T21:00:00Z"),
        ("revolving", None, "2026-03-31T21:00:00Z"),
        *((view, days, final) for view in ("fcr_confirmed", "fcr_client") for days, final in (
            (1, "2026-04-02T21:00:00Z"),  # once 1 April + 1 has ended
            (7, "2026-04-08T21:00:00Z"),
            (30, "2026-05-01T21:00:00Z"),
        )),
    ],
)  # fmt: skip
async def test_figure_is_final_once_every_window_has_ended(
    fcr: Store, view: str, window: int | None, final: str
) -> None:
    await fcr.feed(contact("a"), counted("h", 3))
    await fcr.refresh_cells()
    keys: dict[str, Any] = {"window_days": window} if window else {"kind": "tray_visit"} if view == "hyte" else {}
    for period in ("2026-03", "2026Q1"):
        before = final.replace("21:00:00", "20:59:59.999999")
        assert await fcr.row(view, "state", as_of=before, period=period, **keys) == ("provisional",)
        assert await fcr.row(view, "state", as_of=final, period=period, **keys) == ("final",)


async def test_unanswered_promise_counts_once_it_is_due(fcr: Store) -> None:
    due = START + HOUR
    await fcr.feed(
        contact("kept", answered_at=due, promised_by=due),
        contact("broken", answered_at=due + MICROSECOND, promised_by=due),
        contact("open", answered_at=None, promised_by=due),
        contact("early", answered_at=None, promised_by=due, abandoned=True, ended_at=START + 5 * SECOND),
        contact("far", answered_at=None, promised_by=due + 9000 * DAY),
        contact("none", line="neuvola", answered_at=None),
    )
    for at, expected in ((due - MICROSECOND, (2, 1, 1 / 2)), (due, (3, 1, 1 / 3)), (due + 8999 * DAY, (3, 1, 1 / 3))):
        for keys in ({}, {"period": "2026-03-02"}, {"scope_level": "line", "scope": "terveys"}, {"channel": "phone"}):
            assert await fcr.row("access", PROMISE, as_of=at.isoformat(), **keys) == expected
    assert await fcr.row("access", "inbound, early, answered_share", as_of=START.isoformat()) == (6, 1, 2 / 5)
    await fcr.feed(contact("open", revision=2, answered_at=due + DAY, promised_by=due), retracted(contact_id="far"))
    for at in (due - MICROSECOND, due):  # an answer counts as soon as it is known
        assert await fcr.row("access", PROMISE, as_of=at.isoformat()) == (3, 1, 1 / 3)


async def test_access_and_digital_columns(fcr: Store) -> None:
    requested: dict[str, Any] = {"callback_requested_at": START, "answer_mode": "callback", "answered_at": None}
    await fcr.feed(
        contact("direct", answer_mode="direct", transfers=2),
        contact("back", **requested, callback_reached_at=START + HOUR, transfers=1),
        contact("next day", **requested, callback_reached_at=START + DAY, channel="chat"),
        contact("tried", **requested, callback_first_attempt_at=START + HOUR),
        contact("message", channel="sms"),
        contact("early", answered_at=None, abandoned=True, ended_at=START + 5 * SECOND),
        contact("late", answered_at=None, abandoned=True, ended_at=START + 5 * SECOND + MICROSECOND),
        contact("booking", channel="digital_booking"),
        contact("other", channel="other"),
        contact("out", direction="outbound"),
    )
    assert await fcr.row("access", "inbound, early, handled, answered_share") == (7, 1, 4, 4 / 6)
    assert await fcr.row("access", "direct, direct_share, callback, callback_share") == (1, 1 / 6, 2, 2 / 6)
    same_day = "callback_requested, callback_same_day, callback_same_day_share"
    assert await fcr.row("access", same_day) == (3, 1, 1 / 3)
    assert await fcr.row("access", "transfers, transfers_mean, bounced, bounce_rate") == (3, 3 / 4, 1, 1 / 4)
    assert await fcr.row("access", "waits, wait_p50, wait_p90") == (5, 3600.0, 86400.0)
    assert await fcr.row("access", "inbound, waits, wait_p50", channel="sms") == (1, 1, 30.0)
    assert await fcr.row("access", "inbound", channel="digital_booking") is None
    digital = "phone, chat, sms, digital_booking, digital_share"
    assert await fcr.row("digital", digital) == (5, 1, 1, 1, 2 / 8)
    assert await fcr.fetch("select distinct channel from figures.digital") == [("all",)]


@pytest.mark.parametrize(
    ("waits", "p50", "p90"),
    [
        ([], None, None),
        ([10], 10.0, 10.0),
        ([-5, 11], 10.0, 30.0),
        ([10, 10, 31], 10.0, 60.0),
        ([5] * 9 + [90000], 10.0, 10.0),
        ([5] * 8 + [90000] * 2, 10.0, float("inf")),
        ([86400, 86400.000001], 86400.0, float("inf")),
        ([90000], float("inf"), float("inf")),
        ([20] * 10 + [40], 30.0, 30.0),
        ([20] * 9 + [40] * 2, 30.0, 60.0),  # the 10th of 11
    ],
)
async def test_wait_quantiles_are_bounds_of_classes(
    fcr: Store, waits: list[float], p50: float | None, p90: float | None
) -> None:
    await fcr.feed(
        contact("unanswered", answered_at=None),
        *(contact(f"c{n}", answered_at=START + timedelta(seconds=wait)) for n, wait in enumerate(waits)),
    )
    for keys in ({}, {"period": "2026-03-02"}, {"period": "2026"}):
        assert await fcr.row("access", "waits, wait_p50, wait_p90", **keys) == (len(waits), p50, p90)


async def test_hyte_adds_manual_counts_and_guidance(fcr: Store) -> None:
    await fcr.feed(
        counted("h1", 12),
        counted("h2", 5, unit="hml-ta"),
        counted("h3", 7, kind="exercise_referral"),
        counted("h4", 0, kind="digital_path_coaching"),
        contact("a", outcome="hyte-ohjattu", channel="sms"),
        contact("b", outcome="hyte-ohjattu", classification="2026"),
        contact("c", outcome="hyte-ohjattu", answered_at=None),
        contact("d", outcome="hyte-ohjattu", channel="digital_booking"),
    )
    kinds = (
        "select kind, count from figures.hyte where period = '2026-03' and scope_level = $1 and scope = $2 order by 1"
    )
    expected = [("exercise_referral", 7), ("first_line_guidance", 2), ("tray_visit", 17)]
    assert await fcr.fetch(kinds, "county", "oma-hame") == expected
    assert await fcr.fetch(kinds, "line", "terveys") == [("first_line_guidance", 2)]
    assert await fcr.fetch(kinds, "unit", "hml-ta") == [("tray_visit", 5)]
    await fcr.feed(counted("h1", 1, date(2026, 3, 3), revision=2), retracted(count_id="h2"), retracted(contact_id="b"))
    assert await fcr.fetch(kinds, "county", "oma-hame") == [
        ("exercise_referral", 7),
        ("first_line_guidance", 1),
        ("tray_visit", 1),
    ]
    assert await fcr.row("hyte", "count", kind="tray_visit", period="2026-03-02") is None
    assert await fcr.row("hyte", "count", kind="tray_visit", period="2026-03-03") == (1,)


async def read_all_views(fcr: Store) -> None:
    for view in ("fcr", "fcr_confirmed", "fcr_client", "access", "digital", "hyte", "revolving"):
        await fcr.fetch(f"select * from figures.{view}")


async def test_huge_counts_of_two_units_do_not_fail_views(fcr: Store) -> None:
    for unit in ("keskus", "hml-ta"):
        await fcr.feed(counted(unit, MAX_BIGINT, unit=unit), contact(unit, unit=unit, transfers=MAX_BIGINT))
    await read_all_views(fcr)
    assert await fcr.row("hyte", "count", kind="tray_visit") == (MAX_BIGINT,)
    assert await fcr.row("access", "transfers, transfers_mean, bounced") == (MAX_BIGINT, float(MAX_BIGINT), 2)
    assert await fcr.row("access", "transfers_mean", period="2026-03-02") == (float(MAX_BIGINT),)
    assert await fcr.row("hyte", "count", kind="tray_visit", scope_level="unit", scope="keskus") == (MAX_BIGINT,)


@pytest.mark.parametrize("batches", [1, 2])
async def test_huge_counts_of_one_unit_do_not_fail_views(fcr: Store, batches: int) -> None:
    """Both events are accepted, so both count in either order, and one of them can be retracted."""
    for first, second in permutations((1, 2)):
        await fcr.clear()
        events = [[counted(f"h{n}", MAX_BIGINT), contact(f"c{n}", transfers=MAX_BIGINT)] for n in (first, second)]
        for batch in events if batches == 2 else [[*events[0], *events[1]]]:
            await fcr.feed(*batch)
        await read_all_views(fcr)
        assert await fcr.row("hyte", "count", kind="tray_visit") == (MAX_BIGINT,)
        assert await fcr.row("access", "transfers, bounced") == (MAX_BIGINT, 2)
        await fcr.feed(retracted(count_id="h1"), counted("h2", 3, revision=2), contact("c1", revision=2, transfers=4))
        await fcr.feed(retracted(contact_id="c2"))
        assert await fcr.row("hyte", "count", kind="tray_visit") == (3,)
        assert await fcr.row("access", "transfers, bounced") == (4, 1)
