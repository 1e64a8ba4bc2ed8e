"""What a publication hides: small rows, and the other rows that are needed to protect them."""

import random
from collections.abc import Iterator
from datetime import date

import pytest

from shared.disclosure.equations import equations
from shared.disclosure.inference import follows
from shared.disclosure.model import VIEWS, Cell
from shared.disclosure.nesting import UnitSpan, groups, implied
from shared.disclosure.periods import days_of
from shared.disclosure.protect import minimum, protect
from shared.disclosure.star import is_published
from tests.unit.disclosure_cases import publication_input

RESULTS = ("omatoimi", "yhteistyo", "yhteiso", "verkosto")


def result(name: str) -> Cell:
    return Cell(("suuntima", "quarter", "2026Q1", "county", "oma-hame", "all", "all", "all", "all", name))


def test_small_result_is_hidden_with_the_next_smallest() -> None:
    """Of 22, 9, 2 and 24, the 2 is small, and the 9 is hidden to protect it."""
    counts = {result(name): {"n": n} for name, n in zip(RESULTS, (22, 9, 2, 24), strict=True)}
    assert protect(counts, (), ()).hidden == {result("yhteistyo"), result("yhteiso")}


def test_sample_hides_every_small_row_and_shows_others() -> None:
    """Every small row is hidden, other rows are shown, and the order of rows does not matter."""
    sample = publication_input("segments", "2026")
    small = {cell for cell, n in sample.populations.items() if 0 < n < minimum(cell, sample.sensitive)}
    shuffled = list(sample.counts.items())
    random.Random(1).shuffle(shuffled)
    protected = protect(dict(shuffled), sample.spans[::-1], sample.sensitive)
    assert protected.small == small
    assert small < protected.hidden < sample.populations.keys()
    assert protected.hidden == protect(sample.counts, sample.spans, sample.sensitive).hidden
    assert protected.gave_up == frozenset()


def test_every_equation_holds_on_the_sample() -> None:
    sample = publication_input("fcr", "2026")
    periods = {(cell.period_kind, cell.period) for cell in sample.populations if cell.period_kind != "day"}
    nesting = {period: groups(sample.spans, *days_of(*period)) for period in periods}
    found = list(equations(sample.populations, nesting))
    assert {equation.parts[0].level for equation in found} >= {"unit", "line", "service_area", "division", "region"}
    populations = sample.populations
    for totals, parts in found:
        assert sum(populations[cell] for cell in totals) == sum(populations[cell] for cell in parts)


def test_unit_that_moves_joins_two_service_areas() -> None:
    def span(first: str, until: str, area: str) -> UnitSpan:
        levels = dict.fromkeys(("division", "result_area", "region"), "x")
        scopes = {"county": "c", "unit": "u", "service_area": area, **levels}
        return UnitSpan(days_of("month", first)[0], days_of("month", until)[0], scopes)

    spans = [span("2026-01", "2026-03", "a"), span("2026-03", "2026-07", "b")]
    (group,) = groups(spans, *days_of("quarter", "2026Q1"))["service_area", "unit"]
    assert group == (("a", "b"), ("u",))
    (group,) = groups(spans, *days_of("quarter", "2026Q2"))["service_area", "unit"]
    assert group == (("b",), ("u",))


def test_sums_by_way_of_a_level_in_between_are_implied() -> None:
    def span(unit: str, area: str, division: str) -> UnitSpan:
        scopes = {"county": "c", "division": division, "result_area": "r", "service_area": area, "region": "x"}
        return UnitSpan(date.min, date.max, {**scopes, "unit": unit})

    nested = [span("u1", "a", "d1"), span("u2", "a", "d1"), span("u3", "b", "d2")]
    assert {("county", "unit"), ("division", "unit")} <= implied(groups(nested, *days_of("month", "2026-01")))
    # An area of two divisions does not tell what each of them sums to.
    across = [*nested, span("u4", "a", "d2")]
    found = implied(groups(across, *days_of("month", "2026-01")))
    assert ("county", "unit") in found and ("division", "unit") not in found


@pytest.mark.parametrize(
    ("rows", "values", "known"),
    [
        ([{"a": 1, "b": 1}], {"a": 3, "b": 9}, set()),
        ([{"a": 1, "b": 1}, {"b": 1, "c": 1}, {"a": 1, "c": 1}], {"a": 3, "b": 4, "c": 5}, {"a", "b", "c"}),
        ([{"a": 1, "b": 1}], {"a": 1, "b": 1}, {"a", "b"}),  # two counts of at least 1 with the sum 2
        ([{"a": 1, "b": 1, "c": -1}], {"a": 1, "b": 1, "c": 2}, set()),  # the total is hidden, too
    ],
)
def test_hidden_counts_that_follow_from_sums_are_found(
    rows: list[dict[str, int]], values: dict[str, int], known: set[str]
) -> None:
    assert follows(rows, {name for name, value in values.items() if value == 1}) == known


def are_published(*cells: tuple[str, ...]) -> Iterator[bool]:
    return (is_published(Cell(cell)) for cell in cells)


def test_only_cells_of_the_star_are_published() -> None:
    month, quarter = ("month", "2026-03"), ("quarter", "2026Q1")
    assert (
        list(
            are_published(
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
        are_published(
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
