"""The dashboard of the first line: published figures, by line, channel and day."""

from typing import Any

from deploy.grafana.theme import LONGER_WAIT
from tests.dashboards.rows import KEYS, OF_COUNTY, rows_of, undone
from tests.dashboards.test_queries import REAL
from tests.product import Database


async def test_line_is_a_scope_and_has_no_channels(reader: Any, figures: Any) -> None:
    chosen = REAL | {"division": "sote", "line": "terveys", "channel": "chat"}
    assert await rows_of(reader, "first_line: The numbers are of", chosen) == [{"scope": "Terveys, all channels"}]
    (expected,) = await figures("access", KEYS | {"scope_level": "line", "scope": "terveys"})
    (shown,) = await rows_of(reader, "first_line: Answered", chosen)
    assert shown["answered_share"] == expected["answered_share"] is not None


async def test_channel_of_an_area(reader: Any, figures: Any) -> None:
    chosen = REAL | {"division": "sote", "channel": "chat"}
    assert await rows_of(reader, "first_line: The numbers are of", chosen) == [{"scope": "Sote, Chat"}]
    (expected,) = await figures("fcr", KEYS | {"scope_level": "division", "scope": "sote", "channel": "chat"})
    (shown,) = await rows_of(reader, "first_line: Settled at once (net)", chosen)
    assert shown["net"] == expected["net"] is not None
    # There are no rows of other channels: the figure is that of all channels, and the dashboard says so.
    (other,) = await rows_of(reader, "first_line: The numbers are of", REAL | {"channel": "sms"})
    assert other["scope"].endswith(", all channels")


async def test_lines(reader: Any, figures: Any) -> None:
    expected = {row["scope"]: row for row in await figures("access", KEYS | {"scope_level": "line"})}
    shown = {row["scope"]: row for row in await rows_of(reader, "first_line: Access by line", REAL)}
    assert shown.keys() == expected.keys()
    for line, row in shown.items():
        assert row["inbound"] == expected[line]["inbound"]
        assert row["wait_p50"] == expected[line]["wait_p50"]
    assert shown["outo linja"]["inbound"] is None and expected["outo linja"]["suppressed"]


async def test_windows(reader: Any, figures: Any) -> None:
    expected = {row["window_days"]: row["repeat_rate"] for row in await figures("fcr_confirmed", OF_COUNTY)}
    shown = await rows_of(reader, "first_line: Returns by window", REAL)
    assert [row["name"] for row in shown] == ["1 day", "7 days", "30 days"]
    assert {int(row["window_days"]): row["repeat_rate"] for row in shown} == expected


async def test_days(reader: Any, figures: Any) -> None:
    (expected,) = await figures("access", OF_COUNTY | {"period": "2026-03-03"})
    by_day = await rows_of(reader, "first_line: Waits by day, 31 days, whole county", REAL)
    waits = {row["label"]: (row["wait_p50"], row["wait_p90"]) for row in by_day}
    assert len(waits) == 31
    assert waits["3.3.2026"] == (expected["wait_p50"], expected["wait_p90"])
    assert waits["2.3.2026 (hidden)"] == waits["7.3.2026 (no data)"] == (None, None)


async def test_newest_days_are_there_and_today_in_any_case(reader: Any) -> None:
    shown = await rows_of(reader, "first_line: The newest published days, whole county", REAL)
    labels = [row["label"] for row in shown]
    assert labels[0].endswith(", today (no data)") and labels[1].endswith(", yesterday (no data)")
    assert labels[2:4] == ["12.5.2026 (hidden)", "11.5.2026 (hidden)"] and len(labels) == 9


async def test_infinite_wait_is_drawn_beyond_the_longest(reader: Any, figures: Any) -> None:
    (expected,) = await figures("access", OF_COUNTY | {"period": "2025-03"})
    shown = {row["label"]: row for row in await rows_of(reader, "first_line: Waits, 13 months", REAL)}
    assert expected["wait_p90"] == "Infinity"
    assert shown["3/2025"]["wait_p90"] == LONGER_WAIT


async def test_label_says_that_there_is_no_figure(published_sample: Database) -> None:
    async with undone(published_sample, "hva_fcr") as writer:
        await writer.execute("delete from report.access where county = 'oma-hame' and period = '2026-03'")
        await writer.execute(
            "insert into report.access (county, period_kind, period, scope_level, scope, channel, segment, inbound,"
            " answered_share, promise_kept_share, state, suppressed, low_n, published_at) values ('oma-hame', 'month',"
            " '2026-03', 'county', 'oma-hame', 'all', 'all', 40, 0.5, 0.5, 'provisional', false, false, now())"
        )
        labels = {}
        for panel in ("Answered, called back the same day and in time, 13 months", "Waits, 13 months"):
            rows = await rows_of(writer, f"first_line: {panel}", REAL)
            labels[panel.split()[0]] = rows[-1]["label"]
    assert labels == {
        "Answered,": "3/2026 (partly no figure, provisional)",
        "Waits,": "3/2026 (no figure, provisional)",
    }
