"""What panels show equals what `hva figures` prints."""

import asyncio
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from deploy.hva.__main__ import build
from tests.dashboards.boards import boards, queries
from tests.dashboards.test_queries import REAL
from tests.product import Database

_KEYS = {"county": "oma-hame", "period": "2026Q1", "channel": "all", "segment": "all"}
_OF_COUNTY = _KEYS | {"scope_level": "county"}
# Panels of the English dashboards: figure, keys, and the columns that are compared.
NUMBERS = {
    "leadership: NPS": ("nps", _OF_COUNTY, "score"),
    "leadership: Settled at once (net)": ("fcr", _OF_COUNTY, "net"),
    "leadership: Did not return in 7 days": ("fcr_confirmed", _OF_COUNTY | {"window_days": "7"}, "fcr_confirmed"),
    "leadership: Events per client": ("events_per_client", _OF_COUNTY, "events_per_client"),
    "leadership: Same, fixed cohort": ("events_per_client", _OF_COUNTY, "cohort_ratio"),
}


@pytest.fixture
def figures(published_sample: Database, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `hva figures` and returns its rows."""
    monkeypatch.setenv("HVA_KAFKA_BOOTSTRAP", "none:1")
    monkeypatch.setenv("HVA_POSTGRES_URL", published_sample.dsn("hva_steward"))

    async def run(view: str, keys: dict[str, str]) -> list[dict[str, Any]]:
        further = {name: value for name, value in keys.items() if name not in ("scope", *_OF_COUNTY)}
        words = [f"--{name.replace('_', '-')}={value}" for name, value in keys.items() if name not in further]
        words += [f"--where={name}={value}" for name, value in further.items()]
        result = await asyncio.to_thread(CliRunner().invoke, build(), ["figures", view, *words, "--json"])
        assert result.exit_code == 0, result.output
        found: list[dict[str, Any]] = orjson.loads(result.stdout)
        return found

    return run


async def rows_of(reader: Any, where: str, values: dict[str, str]) -> list[dict[str, Any]]:
    """The rows of a panel: dashboard and title in English."""
    name, _, title = where.partition(": ")
    (query,) = [q for q in queries(name, boards()[f"en/{name}"]) if q.where == f"{name}: {title}"]
    return [dict(row) for row in await reader.fetch(query.expanded(values))]


@pytest.mark.parametrize("where", NUMBERS)
async def test_numbers(reader: Any, figures: Any, where: str) -> None:
    view, keys, column = NUMBERS[where]
    (expected,) = await figures(view, keys)
    (shown,) = await rows_of(reader, where, REAL)
    assert shown[column] == expected[column] is not None


async def test_number_of_chosen_division(reader: Any, figures: Any) -> None:
    (expected,) = await figures("nps", _KEYS | {"scope_level": "division", "scope": "sote"})
    (shown,) = await rows_of(reader, "leadership: NPS", REAL | {"division": "sote"})
    assert shown["score"] == expected["score"] is not None


async def test_trend_says_what_is_hidden_missing_and_of_few(reader: Any, figures: Any) -> None:
    shown = {row["label"].split()[0]: row for row in await rows_of(reader, "leadership: NPS, 13 months", REAL)}
    assert len(shown) == 13
    expected = {row["period"]: row for row in await figures("nps", {**_OF_COUNTY, "period": "2025-05"})}
    assert expected["2025-05"]["suppressed"]
    assert (shown["5/2025"]["label"], shown["5/2025"]["score"]) == ("5/2025 (hidden)", None)
    assert shown["4/2025"]["label"] == "4/2025 (fewer than 30 answers)"
    (march,) = await figures("nps", {**_OF_COUNTY, "period": "2026-03"})
    assert (shown["3/2026"]["label"], shown["3/2026"]["score"]) == ("3/2026", march["score"])
    early = await rows_of(reader, "leadership: NPS, 13 months", REAL | {"period": "2025Q1"})
    assert early[0] == {"label": "3/2024 (no data)", "score": None}


async def test_hidden_number_is_null_and_missing_one_is_no_row(reader: Any) -> None:
    hidden = REAL | {"period_kind": "month", "period": "2025-05"}
    assert await rows_of(reader, "leadership: NPS", hidden) == [{"score": None}]
    assert await rows_of(reader, "leadership: NPS", REAL | {"period": "2024Q1"}) == []


async def test_key_results(reader: Any, figures: Any) -> None:
    expected = await figures("key_result", {"county": "oma-hame", "period": "2026Q1"})
    shown = await rows_of(reader, "leadership: Key results", REAL | {"period_kind": "month", "period": "2026-02"})
    assert [row["name"] for row in shown] == [row["name_en"] for row in expected]
    for row, result in zip(shown, expected, strict=True):
        assert (row["progress"], row["coverage"]) == (result["progress"], result["coverage"])
    assert [row["actual"] for row in shown] == ["83.5\u00a0%", "41.7"]
    assert [row["verdict"] for row in shown] == ["Target met", "Target not met"]


async def test_hidden_rows_are_counted(reader: Any, figures: Any) -> None:
    shown = await rows_of(reader, "leadership: Hidden rows by figure and level", REAL)
    expected = await figures("nps", {"county": "oma-hame", "period": "2026Q1", "scope_level": "division"})
    (row,) = [row for row in shown if (row["figure"], row["level"]) == ("Net Promoter Score (NPS)", "Division")]
    assert (row["hidden"], row["published"]) == (sum(each["suppressed"] for each in expected), len(expected))
    assert row["hidden"] > 0


async def test_state_of_figures(reader: Any, figures: Any) -> None:
    where = "leadership: Are the figures final?"
    assert await rows_of(reader, where, REAL) == [{"state": "Final"}]
    assert await rows_of(reader, where, REAL | {"period": "2026Q3"}) == [{"state": "Provisional"}]
    states = await rows_of(reader, "leadership: State and publication of figures", REAL)
    assert {row["state"] for row in states} == {"Final"}
    assert {row["published"] for row in states} == {"1.7.2026 03:00"}
    assert {(row["edition"], row["restated"]) for row in states} == {("not closed", None)}
