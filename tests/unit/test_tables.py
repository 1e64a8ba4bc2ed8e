"""The table of `hva figures`: its layout, and how values are formatted."""

import sys
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import typer
from rich.console import Console

from deploy.hva import tables
from deploy.hva.formats import formatted
from deploy.hva.names import named
from deploy.hva.tables import layout, print_rows

Printed = Callable[..., list[str]]

KEYS = {"county": "oma-hame", "period_kind": "quarter", "period": "2026Q1", "scope_level": "unit", "scope": "ta-a"}
ACCESS = {"inbound": 58, "early": 2, "handled": 51, "answered_share": 0.9107142, "wait_p50": 300.0, "wait_p90": 14400.0}


def cell(figures: dict[str, Any], **keys: str) -> dict[str, Any]:
    return {**KEYS, "channel": "all", "segment": "all", **keys, **figures, "state": "final"}


def nps(scope: str, n: int = 3, **keys: str) -> dict[str, Any]:
    return cell({"promoters": n, "passives": 0, "detractors": 0, "n": n, "score": 100.0}, scope=scope, **keys)


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Printed:
    """Return a function that prints rows to a terminal of a given width, or to a pipe, and returns the lines."""

    def run(view: str, rows: list[dict[str, Any]], *chosen: str, width: int | None = 80) -> list[str]:
        if width is not None:
            terminal = Console(file=sys.stdout, width=width, force_terminal=True, color_system=None)
            monkeypatch.setattr(tables, "_console", lambda: terminal)
        print_rows(view, rows, chosen)
        return [line.rstrip() for line in capsys.readouterr().out.splitlines()]

    return run


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("answered_share", 0.9107142, "91.1 %"),
        ("bounce_rate", 0.0, "0.0 %"),
        ("rate", 1.0, "100.0 %"),
        ("fcr_confirmed", 0.6154, "61.5 %"),
        ("top2_low", 0.5, "50.0 %"),
        ("outcome_coverage", None, "–"),
        ("percent_printed", 39, "39 %"),
        ("wait_p50", 10.0, "≤ 0.2 min"),
        ("wait_p90", 86400.0, "≤ 1440 min"),
        ("wait_p90", float("inf"), "> 1440 min"),
        ("score", -33.333, "-33.33"),
        ("cohort_ratio", 2.264, "2.26"),
        ("transfers_mean", 0.0031, "0.0031"),
        ("n", 1872, "1872"),
        ("suppressed", True, "yes"),
        ("published_at", date(2026, 3, 31), "2026-03-31"),
    ],
)
def test_value_is_formatted_by_its_column(column: str, value: object, text: str) -> None:
    assert formatted(column, value) == text


def test_keys_equal_in_all_rows_are_in_the_title(printed: Printed) -> None:
    assert printed("nps", [nps("ta-a"), nps("ta-b", 12)]) == [
        "nps: county oma-hame, period 2026Q1, scope_level unit, channel all, segment all,",
        "state final",
        "scope  promoters  passives  detractors   n   score",
        "──────────────────────────────────────────────────",
        "ta-a           3         0           0   3  100.00",
        "ta-b          12         0           0  12  100.00",
    ]


def test_county_is_not_named_twice() -> None:
    found = layout("nps", [nps("oma-hame", scope_level="county", channel=channel) for channel in ("sms", "web")])
    assert found.title == "nps: county oma-hame, period 2026Q1, scope_level county, segment all, state final"
    assert found.keys == ["channel"]
    counties = [nps(county, scope_level="county", county=county) for county in ("oma-hame", "pirha")]
    assert layout("nps", counties).keys == ["county"]


def test_table_wider_than_the_terminal_is_vertical(printed: Printed) -> None:
    names = {("oma-hame", "ta-a"): "Hämeenlinnan terveysasema"}
    rows = named([cell(ACCESS), cell(ACCESS, scope="ta-b"), cell(ACCESS, scope="ta-c")], names)
    assert printed("access", rows, width=60) == [
        "access: county oma-hame, period 2026Q1, scope_level unit,",
        "channel all, segment all, state final",
        "                         Hämeenlinnan",
        "scope                    terveysasema       ta-b",
        "────────────────────────────────────────────────",
        "inbound                            58         58",
        "early                               2          2",
        "handled                            51         51",
        "answered_share                 91.1 %     91.1 %",
        "wait_p50                      ≤ 5 min    ≤ 5 min",
        "wait_p90                    ≤ 240 min  ≤ 240 min",
        "",
        "scope                ta-c",
        "─────────────────────────",
        "inbound                58",
        "early                   2",
        "handled                51",
        "answered_share     91.1 %",
        "wait_p50          ≤ 5 min",
        "wait_p90        ≤ 240 min",
    ]


def test_chosen_columns_are_printed_in_order(printed: Printed) -> None:
    rows = [cell(ACCESS), cell(ACCESS, scope="ta-b")]
    assert printed("access", rows, "wait_p90", "inbound")[-2:] == [
        "ta-a   ≤ 240 min       58",
        "ta-b   ≤ 240 min       58",
    ]
    assert layout("access", rows, ["county", "inbound"]).keys == ["county", "scope"]
    with pytest.raises(typer.BadParameter, match=r"^access has no column scoer: it has county, .*state$"):
        layout("access", rows, ["scoer"])


def test_row_is_one_line_without_a_terminal(printed: Printed) -> None:
    rows = [cell(ACCESS, scope=f"unit {number} of a very long name, which is not wrapped") for number in range(3)]
    lines = printed("access", rows, width=None)
    assert len(lines) == 3 + len(rows)
    assert lines[1].split() == ["scope", *ACCESS]


def test_many_rows_end_with_a_hint(printed: Printed) -> None:
    assert printed("nps", [nps(f"u{number}") for number in range(41)])[-1].startswith("41 rows. Narrow them with")


def test_no_rows_give_a_message(printed: Printed) -> None:
    assert printed("nps", []) == ["No rows in nps for these keys."]


@pytest.mark.parametrize("width", [50, 80, None])
def test_values_can_neither_forge_a_line_nor_act_as_markup(printed: Printed, width: int | None) -> None:
    rows = [nps("[red]\n\x1b[31m"), nps("\u202e:smile:")]
    output = "\n".join(printed("nps", [{**row, "county": "x\u2028\x9b"} for row in rows], width=width))
    assert not set("\x1b\x9b\u2028\u202e") & set(output)
    text = output.replace("\n", "").replace(" ", "")
    assert [part for part in (r"[red]\n\x1b[31m", r"\u202e:smile:", r"countyx\u2028\x9b") if part not in text] == []


def test_unit_codes_are_replaced_by_names() -> None:
    rows = [nps("a"), nps("b"), nps("c"), nps("d"), nps("a", scope_level="line")]
    names = {("oma-hame", "a"): "Asema", ("oma-hame", "b"): "Asema", ("oma-hame", "c"): "Klinikka", ("pirha", "d"): "X"}
    assert [row["scope"] for row in named(rows, names)] == ["Asema (a)", "Asema (b)", "Klinikka", "d", "a"]
    assert rows[0]["scope"] == "a"
