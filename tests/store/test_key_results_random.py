"""`report.key_result` against an independent recomputation, over random registers, units and published rows."""

import csv
import random
import shutil
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml

from shared.disclosure.model import VIEWS
from shared.registers import load_folder
from tests.oracle import key_results as oracle
from tests.product import SAMPLE, Database
from tests.store.registers import replace_registers

COUNTIES = ("oma-hame", "pirha")
AREAS = ("alue-a", "alue-b", "")
UNITS = ("u1", "u2", "u3", "u4")
FURTHER = {
    "question": ("useful", "thl_next"),
    "kind": ("thanks",),
    "theme": ("digi",),
    "window_days": (1, 7),
    "sector": ("s",),
    "event_class": ("visit",),
    "battery": ("risk",),
    "sex": ("man",),
    "result": ("verkosto",),
}
KINDS = {"hyte": ("tray_visit", "first_line_guidance"), "common_clients": ("common_client", "plan")}
MODES, DIRECTIONS = ("absolute", "relative", "points"), ("increase", "decrease", "reach", "maintain")
METRICS = (
    *sorted(oracle.SHARES),
    *("nps.score", "nps.n", "fcr.handled", "hyte.count", "direct_feedback.n", "suuntima.n", "suuntima_stock.clients"),
    *("common_clients.stock", "events_per_client.events_per_client", "access.transfers_mean", "revolving.index"),
    *("service_events.events", "response.responses", "digital.chat"),
)
PERIODS = {"2024": "year", "2025": "year", "2025Q4": "quarter", "2025-12": "month", "2026": "year", "2026Q1": "quarter"}
COLUMNS = ("baseline", "target", "actual", "change_points", "change_relative", "progress", "met", "coverage")


def random_units(rng: random.Random) -> list[dict[str, Any]]:
    """Rows of units.csv: units that move, close, open, or were never dated."""
    rows = []
    for county in COUNTIES:
        for unit in UNITS:
            cut = rng.choice((date(2025, 12, 31), date(2026, 1, 1), date(2026, 2, 10), date(2026, 4, 1)))
            spans = rng.choice(([(None, None)], [(None, cut)], [(cut, None)], [(None, cut), (cut, None)]))
            for start, end in spans:
                place = {level: rng.choice(AREAS) for level in ("service_area", "result_area", "division", "region")}
                rows.append({"county": county, "unit": unit, **place, "valid_from": start, "valid_to": end})
    return rows


def random_scope(rng: random.Random, view: str, units: list[dict[str, Any]]) -> dict[str, Any]:
    """The keys of a cell, as a register may have them."""
    model, unit = VIEWS[view], rng.choice(units)
    levels = ["county"]
    if view not in oracle.NO_UNITS and not model.few:
        levels += ["division", "result_area", "service_area", "region", "unit", *["line"] * (model.family == "fcr")]
    level = rng.choice(levels)
    scope = {"county": unit["county"], "unit": unit["unit"], "line": "linja"}.get(level) or unit.get(level) or "-"
    codes = FURTHER | {"kind": KINDS.get(view, FURTHER["kind"])}
    further = {key: rng.choice(codes[key]) if key in model.without_all else "all" for key in model.further}
    keys = {"county": unit["county"], "scope_level": level, "scope": scope, "channel": "all", "segment": "all"}
    if model.few and rng.random() < 0.5:
        key = rng.choice([key for key in model.few if key not in model.without_all])
        further[key] = FURTHER[key][0]
    elif level in ("county", "division") and view in ("nps", "fcr") and rng.random() < 0.3:
        keys["segment"] = "other"
    return keys | further


def random_key_result(rng: random.Random, number: int, units: list[dict[str, Any]]) -> dict[str, Any]:
    metric = rng.choice(METRICS)
    mode, direction = MODES[number % len(MODES)], DIRECTIONS[number % len(DIRECTIONS)]  # every combination
    item: dict[str, Any] = {
        "id": f"k{number}",
        "metric": metric,
        "scope": random_scope(rng, metric.split(".")[0], units),
        "direction": direction,
        "target": rng.choice((0, 10, -5, 0.25, 30, 0.5)),
        "target_mode": mode,
        "margin": rng.choice((0, 0.05, 2)),
        "valid_period": rng.choice(
            (
                {"from": date(2026, 1, 1), "to": date(2027, 1, 1)},
                {"from": date(2026, 1, 2)},
                {"from": date(2025, 1, 1), "to": date(2026, 4, 1)},
                {"from": date(2025, 10, 1), "to": date(2026, 3, 31)},
                {"from": date(2026, 1, 1)},
            )
        ),
    }
    months = not VIEWS[metric.split(".")[0]].few
    earlier = ["2024"] if item["valid_period"]["from"].year < 2026 else ["2025", "2025Q4", *["2025-12"] * months]
    baseline = rng.choice(({"value": rng.choice((0, 0.25, 5, -10))}, {"period": rng.choice(earlier)}, None))
    if mode != "absolute" or direction == "maintain":
        baseline = baseline or {"value": 0.5}
    return item | ({"baseline": baseline} if baseline else {})


def random_rows(
    rng: random.Random, items: list[dict[str, Any]], types: dict[str, dict[str, str]]
) -> dict[str, list[dict[str, Any]]]:
    """Published rows: those that key results name, some hidden, some missing, rows of units, and rows nobody names."""
    cells: dict[str, set[tuple[Any, ...]]] = defaultdict(set)
    for item in items:
        view, scope = item["metric"].split(".")[0], item["scope"]
        for period in (*PERIODS, (item.get("baseline") or {}).get("period", "2025")):
            cells[view].add((period, *scope.values()))
            for unit in UNITS:
                of_unit = scope | {"scope_level": "unit", "scope": unit, "channel": "all", "segment": "all"}
                cells[view] |= {(period, *of_unit.values())} if rng.random() < 0.5 else set()
    return {
        view: [_row(rng, view, cell, types[view]) for cell in sorted(cells[view], key=repr) if rng.random() < 0.85]
        for view in VIEWS
    }


def _row(rng: random.Random, view: str, cell: tuple[Any, ...], types: dict[str, str]) -> dict[str, Any]:
    period, *values = cell
    keys = dict(zip((*oracle.COMMON, *VIEWS[view].further), values, strict=True))
    fixed = {"period": period, "period_kind": PERIODS[period], "state": "final", "low_n": False} | keys
    hidden = rng.random() < 0.2
    numbers = {
        name: None
        if hidden or (kind != "bigint" and rng.random() < 0.1)
        else rng.choice((0, 1, 5, 12, 850))
        if kind == "bigint"
        else rng.choice((0.0, 0.25, 0.5, 1 / 3, 0.7000000000000001, -10.0, 5.0))
        for name, kind in types.items()
        if name not in fixed and kind in ("bigint", "double precision")
    }
    return fixed | numbers | {"suppressed": hidden}


async def _column_types(connection: Any) -> dict[str, dict[str, str]]:
    rows = await connection.fetch(
        "select table_name, column_name, data_type from information_schema.columns where table_schema = 'report'"
    )
    types: dict[str, dict[str, str]] = defaultdict(dict)
    for table, column, kind in rows:
        types[table][column] = kind
    return types


async def _publish(owner: Any, published: dict[str, list[dict[str, Any]]]) -> None:
    for view, rows in published.items():
        for row in rows:
            names = ", ".join(row)
            places = ", ".join(f"${n}" for n, _ in enumerate(row, 1))
            await owner.execute(
                f"insert into report.{view} ({names}, published_at) values ({places}, now())", *row.values()
            )


def _write_registers(folder: Path, units: list[dict[str, Any]], items: list[dict[str, Any]]) -> None:
    shutil.copytree(SAMPLE / "config", folder)
    (folder / "promises.csv").write_text("county,line,channel,kind,amount,valid_from\n", encoding="utf-8")
    names = {"name_fi": "n", "name_sv": "n", "name_en": "n", "sensitive": "false"}
    with (folder / "units.csv").open("w", newline="", encoding="utf-8") as file:
        columns = (
            *("county", "unit", "name_fi", "name_sv", "name_en", "service_area", "result_area", "division"),
            *("region", "sensitive", "valid_from", "valid_to"),
        )
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows([row | names for row in units])
    (folder / "segment_rule.yaml").write_text("figures_from: 2023-01-01\n", encoding="utf-8")
    (folder / "key_results.yaml").write_text(yaml.safe_dump({"key_results": items}), encoding="utf-8")


@pytest.mark.parametrize("seed", range(6))
async def test_view_is_what_the_definitions_say(database: Database, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    units = random_units(rng)
    items = [random_key_result(rng, number, units) for number in range(180)]
    _write_registers(tmp_path / "before", random_units(rng), [])
    _write_registers(tmp_path / "config", units, items)
    owner = await asyncpg.connect(database.dsn("hva_migrate"))
    steward = await asyncpg.connect(database.dsn("hva_steward"))
    reader = await asyncpg.connect(database.dsn("hva_reader"))
    try:
        await replace_registers(steward, load_folder(tmp_path / "before"))  # whose rows must not count afterwards
        await replace_registers(steward, load_folder(tmp_path / "config"))
        published = random_rows(rng, items, await _column_types(owner))
        await _publish(owner, published)
        today = await owner.fetchval("select (now() at time zone 'Europe/Helsinki')::date")
        expected = oracle.rows(items, units, published, today)
        found = {
            (row["county"], row["id"], row["period"]): {name: row[name] for name in (*COLUMNS, "suppressed")}
            for row in await reader.fetch("select * from report.key_result")
        }
    finally:
        for connection in (owner, steward, reader):
            await connection.close()
    assert found == expected
    _assert_all_cases_occur(expected)


def _assert_all_cases_occur(expected: dict[tuple[str, str, str], Any]) -> None:
    rows = list(expected.values())
    assert {row["met"] for row in rows} == {True, False, None}
    assert any(row["suppressed"] for row in rows)
    assert any(row["baseline"] == 0 and row["actual"] is not None for row in rows)
    assert any(row["baseline"] == row["target"] and row["baseline"] and row["actual"] for row in rows)
    assert any(row["coverage"] not in (None, 0, 1) for row in rows)
    assert any(row["progress"] is not None for row in rows)
