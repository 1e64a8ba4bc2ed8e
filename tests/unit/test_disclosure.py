"""What a publication hides: small rows, and as many others as protect them."""

import random
from collections.abc import Iterator

import pytest

from shared.disclosure.audit import follows
from shared.disclosure.equations import equations
from shared.disclosure.model import VIEWS, Cell
from shared.disclosure.nesting import UnitSpan, groups
from shared.disclosure.periods import days_of
from shared.disclosure.protect import minimum, protect
from shared.disclosure.star import is_published
from tests.unit.disclosure_cases import material

RESULTS = ("omatoimi", "yhteistyo", "yhteiso", "verkosto")


def result(name: str) -> Cell:
    return Cell(("suuntima", "quarter", "2026Q1", "county", "oma-hame", "all", "all", "all", "all", name))


def test_a_small_result_takes_the_next_smallest_with_it() -> None:
    """Known answer of the contract: of 22, 9, 2, 24 the 2 is small, and the 9 protects it."""
    counts = dict(zip(map(result, RESULTS), (22, 9, 2, 24), strict=True))
    assert protect(counts, (), ()).hidden == {result("yhteistyo"), result("yhteiso")}


@pytest.mark.parametrize(("family", "year"), [("fcr", "2026"), ("segments", "2026")])
def test_the_sample(family: str, year: str) -> None:
    """Every small row is hidden, other rows are shown, and the order of rows does not matter."""
    made = material(family, year)
    small = {cell for cell, n in made.populations.items() if 0 < n < minimum(cell, made.sensitive)}
    shuffled = list(made.populations.items())
    random.Random(1).shuffle(shuffled)
    found = protect(dict(shuffled), made.spans[::-1], made.sensitive)
    assert found.small == small
    assert small < found.hidden < made.populations.keys()
    assert found.hidden == protect(made.populations, made.spans, made.sensitive).hidden
    assert found.gave_up == frozenset()


def test_every_equation_holds_on_the_sample() -> None:
    made = material("fcr", "2026")
    periods = {(cell.period_kind, cell.period) for cell in made.populations if cell.period_kind != "day"}
    nesting = {period: groups(made.spans, *days_of(*period)) for period in periods}
    found = list(equations(made.populations, nesting))
    assert {equation.parts[0].level for equation in found} >= {"unit", "line", "service_area", "division", "region"}
    for wholes, parts in found:
        assert sum(made.populations[cell] for cell in wholes) == sum(made.populations[cell] for cell in parts)


def test_a_unit_that_moves_joins_two_service_areas() -> None:
    def span(first: str, until: str, area: str) -> UnitSpan:
        levels = dict.fromkeys(("division", "result_area", "region"), "x")
        scopes = {"county": "c", "unit": "u", "service_area": area, **levels}
        return UnitSpan(days_of("month", first)[0], days_of("month", until)[0], scopes)

    spans = [span("2026-01", "2026-03", "a"), span("2026-03", "2026-07", "b")]
    (group,) = groups(spans, *days_of("quarter", "2026Q1"))["service_area", "unit"]
    assert group == (("a", "b"), ("u",))
    (group,) = groups(spans, *days_of("quarter", "2026Q2"))["service_area", "unit"]
    assert group == (("b",), ("u",))


@pytest.mark.parametrize(
    ("rows", "values", "known"),
    [
        ([{"a": 1, "b": 1}], {"a": 3, "b": 9}, set()),
        ([{"a": 1, "b": 1}, {"b": 1, "c": 1}, {"a": 1, "c": 1}], {"a": 3, "b": 4, "c": 5}, {"a", "b", "c"}),
        ([{"a": 1, "b": 1}], {"a": 1, "b": 1}, {"a", "b"}),  # a sum of 2 leaves each its bound, 1
        ([{"a": 1, "b": 1, "c": -1}], {"a": 1, "b": 1, "c": 2}, set()),  # the whole is hidden, too
    ],
)
def test_what_follows_from_sums(rows: list[dict[str, int]], values: dict[str, int], known: set[str]) -> None:
    assert follows(rows, values) == known


def cells(*more: tuple[str, ...]) -> Iterator[bool]:
    return (is_published(Cell(cell)) for cell in more)


def test_the_star() -> None:
    month, quarter = ("month", "2026-03"), ("quarter", "2026Q1")
    assert (
        list(
            cells(
                ("nps", *month, "unit", "u", "all", "all"),
                ("nps", *month, "service_area", "a", "sms", "all"),
                ("nps", *month, "division", "d", "all", "other"),
                ("service_events", *month, "unit", "u", "all", "all", "s", "all"),
                ("direct_feedback", *quarter, "division", "d", "all", "all", "thanks", "all"),
                ("fcr_confirmed", *month, "line", "l", "all", "all", "7"),
                ("nps", "day", "2026-03-01", "county", "c", "all", "all"),
            )
        )
        == [True] * 7
    )
    assert not any(
        cells(
            ("nps", *month, "unit", "u", "sms", "all"),
            ("nps", *month, "service_area", "a", "all", "other"),
            ("nps", *month, "county", "c", "sms", "other"),
            ("nps", *month, "region", "r", "sms", "all"),
            ("access", *month, "county", "c", "sms", "all"),
            ("direct_feedback", *month, "county", "c", "all", "all", "thanks", "all"),
            ("direct_feedback", *quarter, "county", "c", "all", "all", "thanks", "queue"),
            ("suuntima", *month, "county", "c", "all", "all", "all", "all", "omatoimi"),
            ("nps", "day", "2026-03-01", "division", "d", "all", "all"),
            ("statement", "day", "2026-03-01", "county", "c", "all", "all", "useful"),
        )
    )
    assert {view.family for view in VIEWS.values()} == {"nps", "fcr", "segments"}
