"""The counts behind the tables of docs/privacy.md."""

from dataclasses import replace
from datetime import date
from functools import cache
from random import Random

from shared.disclosure.model import VIEWS
from shared.publication.protection import Protected, protected
from shared.publication.snapshot import Snapshot
from tests.bench.hidden_rows import County, Hidden, Share, hidden_of, markdown
from tests.disclosure.counties import invented


@cache
def _snapshot() -> Snapshot:
    county = invented(Random(1), units=9, facts=600)
    return Snapshot(county.counts(), county.spans, county.sensitive, 1, "")


@cache
def _protected() -> Protected:
    snapshot = _snapshot()
    return protected(snapshot.cells, snapshot.spans, snapshot.sensitive)


def _hidden(first: date, until: date) -> Hidden:
    return hidden_of("nps", _snapshot(), _protected(), first, until)


def test_all_rows_are_counted() -> None:
    total = _hidden(date(2026, 1, 1), date(2027, 1, 1)).total
    assert (total.rows, total.hidden) == (len(_snapshot().cells), len(_protected().hidden))
    assert 0 < total.small < total.hidden


def test_rows_that_must_not_be_small_are_small() -> None:
    nobody = {cell: {**row, "n": 100, "responses": 100} for cell, row in _snapshot().cells.items()}
    found = hidden_of("nps", replace(_snapshot(), cells=nobody), _protected(), date(2026, 1, 1), date(2027, 1, 1))
    assert found.total.small == 0


def test_only_whole_quarters_without_a_choice_count() -> None:
    year = _hidden(date(2026, 1, 1), date(2027, 1, 1))
    assert year.quarter(["nps", "response"], "county").rows == 4  # the facts are of two quarters
    units = {c for c in _snapshot().cells if (c[0], c.period_kind, c.level) == ("nps", "quarter", "unit")}
    assert year.quarter(["nps"], "unit").rows == len(units)
    assert _hidden(date(2026, 1, 1), date(2026, 6, 29)).quarter(["nps"], "county").rows == 1
    assert _hidden(date(2026, 1, 2), date(2027, 1, 1)).quarter(["nps"], "county").rows == 1


def test_tables() -> None:
    hidden = Hidden(
        "nps", Share(1000, 500, 125), {("nps", "county"): Share(4, 1, 0), ("pei", "county"): Share(4, 3, 2)}
    )
    county = County(12_000, 57_612.0, {"nps": hidden})
    lines = list(markdown([county]))
    assert "| 12,000 | 58,000 | 1,000 | 50% (12%) |" in lines
    assert "| 12,000 | nps family | 50% (25%) |  |  |  |  |  |" in lines
    assert "| 12,000 | `pei` | 75% (50%) |  |  |  |  |  |" in lines
    assert sum("`" in line for line in lines) == sum(view.family == "nps" for view in VIEWS.values())
