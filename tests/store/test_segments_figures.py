"""Worked examples of the segments figures, including those of docs/figures.md."""

from datetime import date, timedelta

from tests.store.fcr_harness import BERTTA, COUNTY, DAY, START
from tests.store.segments_harness import Store, event, flag, plan, suuntima

QUARTER_START, QUARTER_MIDDLE = date(2026, 1, 1), date(2026, 2, 15)  # 45 of the 90 days of the quarter are left
LATER = "2026-07-01T00:00:00Z"
RESULTS = {"omatoimi": 22, "yhteistyo": 6, "yhteiso": 17, "verkosto": 12}


async def figure(segments: Store, view: str, columns: str, as_of: str = LATER, **keys: str) -> list[tuple[object, ...]]:
    wanted = {"county": COUNTY, "period": "2026Q1", "scope_level": "county", **keys}
    condition = " and ".join(f"{key} = ${number}" for number, key in enumerate(wanted, 1))
    query = f"select {columns} from figures.{view} where {condition} order by 1"
    return await segments.fetch(query, *wanted.values(), as_of=as_of)


async def test_events_per_client_and_person_time(segments: Store) -> None:
    """One client is a member for 90 days with 6 events. Another is one for the last 45 days with 4 events, 2 before."""
    await segments.feed(flag("a", QUARTER_START), flag("b", QUARTER_MIDDLE, client=BERTTA))
    await segments.feed(*(event(f"a{n}", at=START + n * DAY) for n in range(6)))
    await segments.feed(*(event(f"b{n}", at=START + n * DAY, client=BERTTA) for n in range(4)))
    await segments.feed(*(event(f"c{n}", at=START - 40 * DAY, client=BERTTA) for n in range(2)))
    columns = "member_events, segment_clients, events_per_client, cell_clients, member_days, days, person_time"
    assert await figure(segments, "events_per_client", columns) == [(10, 2, 5.0, 2, 135, 90, 10 / 1.5)]
    cohort = "cohort_events, cohort_clients, cohort_ratio, state"
    assert await figure(segments, "events_per_client", cohort) == [(12, 2, 6.0, "final")]
    early = await figure(
        segments, "events_per_client", "segment_clients, member_days, days, state", "2026-02-10T12:00:00Z"
    )
    assert early == [(1, 41, 41, "provisional")]
    assert await figure(segments, "service_events", "segment, events", sector="all", event_class="all") == [
        ("all", 12),
        ("multidisciplinary", 10),
        ("other", 2),
    ]


async def test_printed_percentages_add_up_to_100(segments: Store) -> None:
    for results, printed in (
        (RESULTS, [39, 10, 30, 21]),
        ({"omatoimi": 22, "yhteistyo": 9, "yhteiso": 2, "verkosto": 24}, [39, 16, 3, 42]),
        ({"omatoimi": 1, "yhteistyo": 1, "yhteiso": 1}, [34, 33, 33]),  # ties go to the earlier result
    ):
        await segments.clear()
        names = [result for result, times in results.items() for _ in range(times)]
        await segments.feed(*(suuntima(str(n), result) for n, result in enumerate(names)))
        rows = await figure(segments, "suuntima", "result, percent_printed", battery="all", sex="all")
        assert [dict(rows)[result] for result in results] == printed


async def test_stock_and_new_clients_of_flags_and_plans(segments: Store) -> None:
    """A client with a valid flag on the previous day is not new."""
    await segments.feed(
        flag("old", QUARTER_START - timedelta(9), QUARTER_MIDDLE),
        flag("on", QUARTER_MIDDLE),
        plan("p", QUARTER_MIDDLE),
        plan("q", QUARTER_MIDDLE),
    )
    await segments.feed(flag("new", QUARTER_MIDDLE, QUARTER_MIDDLE + timedelta(1), client=BERTTA))
    rows = await figure(segments, "common_clients", "kind, stock, new")
    assert rows == [("common_client", 1, 1), ("plan", 2, 2)]


async def test_stock_counts_the_latest_valid_assessments(segments: Store) -> None:
    year_ago = START - 364 * DAY
    await segments.feed(suuntima("a", at=year_ago), suuntima("b", "omatoimi", at=START - DAY, client=BERTTA))
    await segments.feed(suuntima("c", "yhteiso", at=START, client=BERTTA))
    assert await figure(segments, "suuntima_stock", "result, clients", period="2026-03-02") == [
        ("verkosto", 1),
        ("yhteiso", 1),
    ]
    assert await figure(segments, "suuntima_stock", "result, clients", period="2026-03-03") == [("yhteiso", 1)]
