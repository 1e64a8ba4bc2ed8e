"""The dashboard of multidisciplinary clients: published figures, by segment."""

from typing import Any

from tests.dashboards.rows import OF_COUNTY, rows_of
from tests.dashboards.test_queries import REAL


async def test_segments(reader: Any, figures: Any) -> None:
    keys = OF_COUNTY | {"question": "cooperation"}
    del keys["segment"]
    expected = {row["segment"]: row for row in await figures("statement", keys)}
    shown = await rows_of(reader, "multidisciplinary: Statement “Cooperation went well” by segment", REAL)
    assert [row["segment"] for row in shown] == ["all", "multidisciplinary", "other", "unknown"]
    for row in shown:
        assert (row["top2"], row["n"]) == (expected[row["segment"]]["top2"], expected[row["segment"]]["n"])
    assert shown[1]["n"] is None and shown[2]["n"] is not None


async def test_part_of_a_chart_is_hidden(reader: Any) -> None:
    shown = await rows_of(reader, "multidisciplinary: Service events by segment, 13 months", REAL)
    assert [row for row in shown if row["label"].startswith("7/2025")] == [
        {"label": "7/2025 (partly hidden)", "multidisciplinary": None, "other": 9}
    ]


async def test_suuntima_is_of_quarters_and_years(reader: Any, figures: Any) -> None:
    where = "multidisciplinary: Suuntima assessments by result"
    expected = {row["result"]: row for row in await figures("suuntima", OF_COUNTY | {"battery": "all", "sex": "all"})}
    shown = await rows_of(reader, where, REAL)
    assert {row["result"]: row["n"] for row in shown} == {result: row["n"] for result, row in expected.items()}
    assert await rows_of(reader, where, REAL | {"period_kind": "month", "period": "2026-03"}) == []
