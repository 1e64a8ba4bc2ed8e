"""Invented counties: facts, the rows that a family would publish of them, and what an attacker knows of the facts.

Everything is counted from single facts, without the declared sums: an attacker of these facts finds relations between
rows that the model of `shared.disclosure` may lack.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from random import Random

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from shared.disclosure.model import ALL, Cell
from shared.disclosure.nesting import UnitSpan
from shared.disclosure.periods import parents
from shared.disclosure.star import is_published

COUNTY = "c"
LEVELS = ("county", "division", "result_area", "service_area", "region", "unit")
CHANNELS = ("sms", "web", "kiosk")
SEGMENTS = ("multidisciplinary", "other", "unknown")
BATTERIES = ("functioning", "illness", "risk", "social")
SEXES = ("man", "other", "unknown", "woman")
RESULTS = ("omatoimi", "verkosto", "yhteiso", "yhteistyo")
_NPS = ("promoters", "passives", "detractors")
_ANSWERS = ("c1", "c2", "c3", "c4", "c5", "not_applicable")


@dataclass(frozen=True, order=True)
class Kind:
    """What can be said of a fact: all facts of one kind count in the same rows."""

    view: str
    unit: str
    day: str
    channel: str
    segment: str
    columns: tuple[str, ...]
    further: tuple[str, ...] = ()


@dataclass(frozen=True)
class County:
    """Facts of a family with their number, and the register of units."""

    facts: Mapping[Kind, int]
    spans: list[UnitSpan]
    sensitive: frozenset[str]

    def rows_of(self, kind: Kind) -> Iterator[Cell]:
        """The published rows in which a fact counts."""
        scopes = next(span.scopes for span in self.spans if span.scopes["unit"] == kind.unit)
        month = kind.day[:7]
        for period_kind, period in (("day", kind.day), ("month", month), *parents("month", month)):
            for level in LEVELS:
                for channel in (ALL, kind.channel):
                    for segment in (ALL, kind.segment):
                        keys = (kind.view, period_kind, period, level, scopes[level], channel, segment, *kind.further)
                        if is_published(cell := Cell(keys)):
                            yield cell

    def counts(self) -> dict[Cell, dict[str, int]]:
        """The published rows before anything is hidden."""
        found: dict[Cell, dict[str, int]] = {}
        for kind, number in self.facts.items():
            for cell in self.rows_of(kind):
                columns = (*cell.view.population, *cell.view.categories)
                row = found.setdefault(cell, dict.fromkeys(columns, 0))
                for column in kind.columns:
                    row[column] += number
        return found


def invented(random: Random, units: int, facts: int) -> County:
    """A county with an uneven number of answers by unit, rare categories and a unit register that does not nest."""
    spans = [UnitSpan(date.min, date.max, _scopes(random, number)) for number in range(units)]
    weights = [random.paretovariate(1.1) for _ in spans]
    days = [f"{month}-{day}" for month in ("2026-01", "2026-02", "2026-04") for day in ("05", "20")]
    found: dict[Kind, int] = defaultdict(int)
    for _ in range(facts):
        unit = random.choices(spans, weights)[0].scopes["unit"]
        keys = (
            unit,
            random.choice(days),
            random.choices(CHANNELS, (6, 3, 1))[0],
            random.choices(SEGMENTS, (1, 8, 2))[0],
        )
        view = random.choice(("nps", "statement", "response"))
        match view:
            case "nps":
                kind = Kind(view, *keys, ("n", random.choices(_NPS, (7, 2, 1))[0]))
            case "statement":
                answer = random.choices(_ANSWERS, (1, 1, 3, 9, 9, 2))[0]
                population_column = answer if answer == "not_applicable" else "n"
                kind = Kind(view, *keys, tuple(dict.fromkeys((population_column, answer))), ("usefulness",))
            case _:
                kind = Kind(view, *keys, ("responses", *random.choices(((), ("with_comment",)), (2, 1))[0]))
        found[kind] += 1
    sensitive = frozenset(span.scopes["unit"] for span in spans if random.random() < 0.1)
    return County(dict(found), spans, sensitive)


def assessments(random: Random, divisions: int, number: int) -> tuple[dict[Cell, dict[str, int]], list[UnitSpan]]:
    """The rows of `suuntima` of one quarter before anything is hidden, and divisions with a unit each."""
    levels = dict.fromkeys(LEVELS, "d{}") | {"county": COUNTY, "region": "north"}
    spans = [
        UnitSpan(date.min, date.max, {level: scope.format(one) for level, scope in levels.items()})
        for one in range(divisions)
    ]
    found: dict[Cell, dict[str, int]] = {}
    for _ in range(number):
        scopes, result = random.choice(spans).scopes, random.choice(RESULTS)
        keys = {(random.choice(BATTERIES), ALL), (ALL, random.choice(SEXES)), (ALL, ALL)}
        for level, period, key in product(LEVELS, (("quarter", "2025Q4"), ("year", "2025")), sorted(keys)):
            cell = Cell(("suuntima", *period, level, scopes[level], ALL, ALL, *key, result))
            if is_published(cell):
                found.setdefault(cell, {"n": 0})["n"] += 1
    return found, spans


def _scopes(random: Random, number: int) -> dict[str, str]:
    area = number // 3
    return {
        "county": COUNTY,
        "unit": f"u{number}",
        "service_area": f"s{area}" if random.random() < 0.9 else "-",
        "result_area": f"r{area // 2}",
        "division": f"d{number % 2 if random.random() < 0.2 else area // 3}",
        "region": random.choice(("north", "south")),
    }


def bounds(county: County, hidden: set[Cell], wanted: Sequence[tuple[Cell, str]]) -> list[tuple[float, float]]:
    """The least and the greatest value of counts of hidden rows that agree with all that is published: every shown
    column, and that hidden rows hold at least one fact and rows that are not published none.
    """
    counts = county.counts()
    kinds = _possible(county, counts)
    column_of = {kind: number for number, kind in enumerate(kinds)}
    within: dict[tuple[Cell, str], list[int]] = defaultdict(list)
    for kind in kinds:
        for cell in county.rows_of(kind):
            within[cell, ""].append(column_of[kind])
            for column in kind.columns:
                within[cell, column].append(column_of[kind])
    equal, values, at_least = [], [], []
    for cell, row in counts.items():
        if cell in hidden:
            at_least.append(within[cell, ""])
        else:
            for column in row:
                equal.append(within[cell, column])
                values.append(row[column])
    size = len(kinds)
    shown = _rows(equal, size), values
    not_empty = _rows(at_least, size) if at_least else None
    limits = []
    for target in wanted:
        objective = np.zeros(size)
        objective[within[target]] = 1
        limits.append(tuple(_extreme(sign * objective, shown, not_empty) * sign for sign in (1, -1)))
    return limits


def _possible(county: County, counts: Mapping[Cell, object]) -> list[Kind]:
    """The kinds of facts that may exist: those of which every row is published."""
    keys = {(kind.view, kind.further) for kind in county.facts}
    days = {kind.day for kind in county.facts}
    columns = {
        "nps": [("n", answer) for answer in _NPS],
        "statement": [(answer,) if answer == "not_applicable" else ("n", answer) for answer in _ANSWERS],
        "response": [("responses",), ("responses", "with_comment")],
    }
    kinds = [
        Kind(view, span.scopes["unit"], day, channel, segment, answer, further)
        for view, further in sorted(keys)
        for span in county.spans
        for day in sorted(days)
        for channel in CHANNELS
        for segment in SEGMENTS
        for answer in columns[view]
    ]
    return [kind for kind in kinds if all(cell in counts for cell in county.rows_of(kind))]


def _extreme(
    objective: np.ndarray, shown: tuple[sparse.csr_matrix, list[int]], not_empty: sparse.csr_matrix | None
) -> float:
    found = linprog(
        objective,
        A_eq=shown[0],
        b_eq=shown[1],
        A_ub=None if not_empty is None else -not_empty,
        b_ub=None if not_empty is None else -np.ones(not_empty.shape[0]),
        method="highs",
    )
    assert found.status in (0, 3), found.message
    return float("-inf") if found.status == 3 else float(found.fun)


def _rows(rows: list[list[int]], size: int) -> sparse.csr_matrix:
    numbers = [number for number, row in enumerate(rows) for _ in row]
    return sparse.csr_matrix(
        (np.ones(len(numbers)), (numbers, [one for row in rows for one in row])), (len(rows), size)
    )


def nonzero(counts: Mapping[Cell, Mapping[str, int]], small: set[Cell]) -> list[tuple[Cell, str]]:
    """The counts of small rows that must not follow: the population and each category that is not zero."""
    wanted = []
    for cell in sorted(small):
        wanted.append((cell, ""))
        wanted += [(cell, column) for column in cell.view.categories if counts[cell][column]]
    return wanted
