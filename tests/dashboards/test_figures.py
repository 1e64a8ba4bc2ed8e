"""What panels show equals what `hva figures` prints."""

from typing import Any

import pytest

from deploy.grafana.texts import load
from tests.dashboards.boards import boards, queries
from tests.dashboards.rows import KEYS, OF_COUNTY, rows_of, undone
from tests.dashboards.test_queries import REAL
from tests.product import Database

# Panels of the English dashboards: figure, keys, and the columns that are compared.
NUMBERS = {
    "leadership: NPS": ("nps", OF_COUNTY, "score"),
    "leadership: Settled at once (net)": ("fcr", OF_COUNTY, "net"),
    "leadership: Confirmed resolution (7 d)": ("fcr_confirmed", OF_COUNTY | {"window_days": "7"}, "fcr_confirmed"),
    "leadership: Events per client": ("events_per_client", OF_COUNTY, "events_per_client"),
    "leadership: Same, fixed cohort": ("events_per_client", OF_COUNTY, "cohort_ratio"),
    "first_line: Promises kept": ("access", OF_COUNTY, "promise_kept_share"),
    "first_line: 90 % waited": ("access", OF_COUNTY, "wait_p90"),
    "first_line: Confirmed resolution (7 d)": ("fcr_confirmed", OF_COUNTY | {"window_days": "7"}, "fcr_confirmed"),
    "multidisciplinary: Per client with events": ("events_per_client", OF_COUNTY, "events_per_cell_client"),
    "multidisciplinary: Per person time": ("events_per_client", OF_COUNTY, "person_time"),
}


@pytest.mark.parametrize("where", NUMBERS)
async def test_numbers(reader: Any, figures: Any, where: str) -> None:
    view, keys, column = NUMBERS[where]
    (expected,) = await figures(view, keys)
    (shown,) = await rows_of(reader, where, REAL)
    assert shown[column] == expected[column] is not None


async def test_number_of_chosen_division(reader: Any, figures: Any) -> None:
    (expected,) = await figures("nps", KEYS | {"scope_level": "division", "scope": "sote"})
    (shown,) = await rows_of(reader, "leadership: NPS", REAL | {"division": "sote"})
    assert shown["score"] == expected["score"] is not None


async def test_trend_says_what_is_hidden_missing_and_of_few(reader: Any, figures: Any) -> None:
    shown = {row["label"].split()[0]: row for row in await rows_of(reader, "leadership: NPS, 13 months", REAL)}
    assert len(shown) == 13
    expected = {row["period"]: row for row in await figures("nps", {**OF_COUNTY, "period": "2025-05"})}
    assert expected["2025-05"]["suppressed"]
    assert (shown["5/2025"]["label"], shown["5/2025"]["score"]) == ("5/2025 (hidden)", None)
    assert shown["4/2025"]["label"] == "4/2025 (< 30 answers)"
    (march,) = await figures("nps", {**OF_COUNTY, "period": "2026-03"})
    assert (shown["3/2026"]["label"], shown["3/2026"]["score"]) == ("3/2026", march["score"])
    early = await rows_of(reader, "leadership: NPS, 13 months", REAL | {"period": "2025Q1"})
    assert early[0] == {"label": "3/2024 (no data)", "score": None}


async def test_hidden_number_is_null_and_missing_one_is_no_row(reader: Any) -> None:
    hidden = REAL | {"period_kind": "month", "period": "2025-05"}
    assert await rows_of(reader, "leadership: NPS", hidden) == [{"score": None, "label": "5/2025"}]
    assert await rows_of(reader, "leadership: NPS", REAL | {"period": "2024Q1"}) == []


async def test_key_results(reader: Any, figures: Any) -> None:
    expected = await figures("key_result", {"county": "oma-hame", "period": "2026Q1"})
    shown = await rows_of(reader, "leadership: Key results", REAL | {"period_kind": "month", "period": "2026-02"})
    assert [row["name"] for row in shown] == [row["name_en"] for row in expected]
    for row, result in zip(shown, expected, strict=True):
        assert (row["progress"], row["coverage"]) == (result["progress"], result["coverage"])
    assert [row["actual"] for row in shown] == ["83.5\u00a0%", "41.7"]
    assert [row["verdict"] for row in shown] == ["Target met", "Target not met"]


async def test_first_row_compares_and_has_cooperation(reader: Any, figures: Any) -> None:
    (before,) = await figures("events_per_client", OF_COUNTY | {"period": "2025Q4"})
    (shown,) = await rows_of(reader, "leadership: Events per client, period before", REAL)
    assert shown == {"events_per_client": before["events_per_client"], "label": "Q4/2025"}
    keys = OF_COUNTY | {"segment": "multidisciplinary", "question": "cooperation"}
    (expected,) = await figures("statement", keys)
    (shown,) = await rows_of(reader, "leadership: Cooperation went well (4–5), multidisciplinary", REAL)
    assert shown["top2"] == expected["top2"]


async def test_chosen_segment(reader: Any, figures: Any) -> None:
    chosen = REAL | {"segment": "other"}
    (expected,) = await figures("nps", OF_COUNTY | {"segment": "other"})
    (shown,) = await rows_of(reader, "leadership: NPS", chosen)
    assert shown["score"] == expected["score"] is not None
    quarters = await rows_of(reader, "leadership: NPS by quarter with its 95 % interval", chosen)
    assert len(quarters) == 8
    last = quarters[-1]
    assert [last[name] for name in ("score_low", "score", "score_high")] == [
        expected[name] for name in ("score_low", "score", "score_high")
    ]


async def test_every_quarter_of_a_past_period_is_drawn(reader: Any) -> None:
    shown = await rows_of(reader, "leadership: NPS by quarter with its 95 % interval", REAL | {"period": "2025Q1"})
    assert [row["label"] for row in shown][:2] == ["Q2/2023 (no data)", "Q3/2023 (no data)"]
    assert shown[-1]["label"].startswith("Q1/2025") and shown[-1]["score_low"] < shown[-1]["score"]


async def test_hidden_rows_are_counted(reader: Any, figures: Any) -> None:
    shown = await rows_of(reader, "leadership: Hidden rows by figure and level", REAL)
    expected = await figures("nps", {"county": "oma-hame", "period": "2026Q1", "scope_level": "division"})
    (row,) = [row for row in shown if (row["figure"], row["level"]) == ("Net Promoter Score (NPS)", "Division")]
    assert (row["hidden"], row["published"]) == (sum(each["suppressed"] for each in expected), len(expected))
    assert row["hidden"] > 0


async def test_state_of_figures(reader: Any, figures: Any) -> None:
    where = "leadership: Are the figures final?"
    assert await rows_of(reader, where, REAL) == [{"state": "Final"}]
    assert await rows_of(reader, where, REAL | {"period": "2026Q3"}) == [{"state": "Not complete"}]
    states = await rows_of(reader, "leadership: State and publication of figures", REAL)
    assert {row["state"] for row in states} == {"Final"}
    assert {row["published"] for row in states} == {"1.7.2026 03:00"}
    assert {(row["edition"], row["restated"]) for row in states} == {("not closed", None)}


async def test_figure_without_rows_is_not_final(published_sample: Database) -> None:
    async with undone(published_sample, "hva_nps") as writer:
        await writer.execute("delete from report.nps where county = 'oma-hame' and period = '2026Q1'")
        assert await rows_of(writer, "leadership: Are the figures final?", REAL) == [{"state": "Not complete"}]
        states = await rows_of(writer, "leadership: State and publication of figures", REAL)
        assert [row["figure"] for row in states if row["state"] == "no figures"] == ["Net Promoter Score (NPS)"]
        names = await periods(writer)
        assert names["2026Q1"] == "Q1/2026 (1.1.–31.3.2026) not complete"


async def test_suuntima_is_not_missing_in_a_month(reader: Any) -> None:
    march = REAL | {"period_kind": "month", "period": "2026-03"}
    assert await rows_of(reader, "leadership: Are the figures final?", march) == [{"state": "Final"}]
    states = await rows_of(reader, "leadership: State and publication of figures", march)
    assert "Suuntima assessments" not in {row["figure"] for row in states}
    assert (await periods(reader, "month"))["2026-03"] == "3/2026 (1.3.–31.3.2026)"


async def test_periods_that_have_ended_come_first(reader: Any) -> None:
    """Grafana chooses the first one."""
    values = REAL | {"period_kind": "quarter"}
    (query,) = [q for q in queries("leadership", boards()["en/leadership"]) if q.where.endswith("variable period")]
    sql = query.expanded(values).replace("now()", "timestamptz '2026-05-20'")
    found = [row["__value"] for row in await reader.fetch(sql)]
    assert found[:2] == ["2026Q1", "2025Q4"] and found[-2:] == ["2026Q3", "2026Q2"]


async def periods(reader: Any, kind: str = "quarter") -> dict[str, str]:
    """The names of periods that can be chosen."""
    (query,) = [q for q in queries("leadership", boards()["en/leadership"]) if q.where.endswith("variable period")]
    rows = await reader.fetch(query.expanded(REAL | {"period_kind": kind}))
    return {row["__value"]: row["__text"] for row in rows}


@pytest.mark.parametrize("name", [name for name in boards() if "first_line" in name or "multidisciplinary" in name])
async def test_series_of_codes_have_the_names_of_the_codes(reader: Any, name: str) -> None:
    language, _, board = name.partition("/")
    names = {
        (row["key"], row["code"]): row[f"name_{language}"] for row in await reader.fetch("select * from report.code")
    }
    texts = load(board)
    found = {
        (key, text.removeprefix(f"{key}_")): texts[text][language]
        for text in texts
        for key in ("kind", "result", "segment")
        if text.startswith(f"{key}_")
    }
    assert len(found) >= 4
    assert found == {code: names[code] for code in found}
