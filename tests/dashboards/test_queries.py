"""Every query of every dashboard runs as hva_reader on published figures. It returns what its panel shows."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from tests.dashboards.boards import Query, boards, queries

REAL = {
    **{"county": "oma-hame", "division": "all", "result_area": "all", "service_area": "all", "unit": "all"},
    **{"line": "all", "channel": "all", "segment": "all", "period_kind": "quarter", "period": "2026Q1"},
}
ODD = ("x' or '1' = '1", "-", "unknown", "", "2026-13", "0000")
_NUMBERS = {"float8", "int8", "int4"}
_SLOWEST_S = 0.5


def odd() -> list[dict[str, str]]:
    """Odd values for all variables, and for all but the county."""
    found = [dict.fromkeys(REAL, value) for value in ODD]
    return [*found, *(each | {"county": REAL["county"]} for each in found)]


def real() -> list[dict[str, str]]:
    """Real values. Every query has rows for some of them."""
    below = {"division": "sote", "result_area": "asiakasohjaus"}
    return [
        REAL,
        REAL | {"county": "pirha"},
        REAL | below,
        REAL | below | {"service_area": "ensilinja", "unit": "keskus"},
        REAL | {"period_kind": "month", "period": "2026-03"},
        REAL | {"period_kind": "year", "period": "2025"},
    ]


@pytest.mark.parametrize("name", boards())
async def test_queries(reader: Any, name: str) -> None:
    for query in queries(name, boards()[name]):
        for found in odd():
            await rows_in_time(reader, query, found)
        rows = [await rows_in_time(reader, query, found) for found in real()]
        statement = await reader.prepare(query.expanded(REAL))
        columns = {column.name: column.type.name for column in statement.get_attributes()}
        check_columns(query, columns)
        assert any(rows), f"{query.where} has no rows of the sample"


async def rows_in_time(reader: Any, query: Query, found: Mapping[str, str]) -> Any:
    """The rows of a query, which may take the promised time: the fastest of three times, as machines are busy."""
    for _ in range(3):
        began = time.monotonic()
        rows = await reader.fetch(query.expanded(found))
        if time.monotonic() - began < _SLOWEST_S:
            return rows
    pytest.fail(f"{query.where} takes too long with {found}")


def check_columns(query: Query, columns: Mapping[str, str]) -> None:
    """What a variable or a panel of a type needs, and what the settings of its columns say."""
    if query.panel is None:
        assert list(columns) == ["__value", "__text"], query.where
        return
    settings: dict[str, dict[str, Any]] = {}
    for override in query.panel["fieldConfig"]["overrides"]:
        found = {found["id"]: found.get("value") for found in override["properties"]}
        settings.setdefault(override["matcher"]["options"], {}).update(found)
    assert list(settings) == list(columns), f"{query.where}: a column without settings, or settings without a column"
    for name, kind in columns.items():
        assert ("unit" in settings[name]) == (kind in _NUMBERS), f"{query.where}: {name} is {kind}"
    match query.panel["type"]:
        case "stat":
            value, *label = columns.values()
            assert label == (["text"] if value in _NUMBERS else []), query.where
        case "barchart":
            first, *others = columns.values()
            assert first == "text" and others and set(others) <= _NUMBERS, query.where
