"""Business gauges: what is small is hidden with enough beside it, and a scrape sees one whole reading."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from services.fcr import metrics
from services.nps import metrics as nps_metrics
from shared.gauges import LABELS, MIN_SHOWN, Gauge, GaugeBoard, Sample, labels_of, showable

PLACE = ("oma-hame", "county", "oma-hame", "all", "all", "month_current")


def rows(level: str, *populations: int, period: str = "2026-03", **more: Any) -> list[dict[str, Any]]:
    paths = {"county": "oma-hame", "period": period, "scope_level": level, "channel": "all", "segment": "all"}
    return [{**paths, "scope": f"s{place}", "n": n, **more} for place, n in enumerate(populations)]


@pytest.mark.parametrize(
    ("populations", "shown"),
    [
        ([], []),
        ([10], [10]),
        ([9], []),
        ([9, 12, 30], [30]),  # 9 alone would follow from the county
        ([4, 6, 30], [30]),  # together enough
        ([4, 5, 30], []),
        ([9, 1, 10, 11], [10, 11]),
        ([0, 30], [30]),
        ([10, 10, 10], [10, 10, 10]),
    ],
)
def test_what_is_hidden_is_nothing_or_enough(populations: list[int], shown: list[int]) -> None:
    assert sorted(row["n"] for row in showable(rows("division", *populations), "n")) == shown


@given(st.lists(st.integers(0, 30), max_size=8))
def test_no_small_number_follows_from_the_sum(populations: list[int]) -> None:
    given = rows("division", *populations)
    shown = showable(given, "n")
    assert all(row["n"] >= MIN_SHOWN for row in shown)
    hidden = sum(populations) - sum(row["n"] for row in shown)
    assert hidden == 0 or hidden >= MIN_SHOWN or not shown
    assert sorted(row["scope"] for row in shown) == sorted(row["scope"] for row in showable(given[::-1], "n"))


def test_every_period_and_level_is_hidden_for_itself() -> None:
    given = [*rows("county", 21), *rows("division", 9, 12), *rows("division", 12, 13, period="2026-02")]
    assert [(row["scope_level"], row["period"], row["n"]) for row in showable(given, "n")] == [
        ("county", "2026-03", 21),
        ("division", "2026-02", 12),
        ("division", "2026-02", 13),
    ]


def test_the_place_of_a_row_has_the_labels_in_their_order() -> None:
    (row,) = rows("division", 30)
    place = labels_of(row, "month_current")
    assert dict(zip(LABELS, place, strict=True)) == {
        "county": "oma-hame",
        "scope_level": "division",
        "scope": "s0",
        "channel": "all",
        "segment": "all",
        "period": "month_current",
    }


def test_a_board_shows_the_last_reading_and_nothing_else() -> None:
    registry = CollectorRegistry()
    board = GaugeBoard({"one": Gauge("One."), "two": Gauge("Two.", ("window_days",))}, registry)
    assert [family.name for family in registry.collect()] == ["one", "two"]
    board.show([Sample("one", PLACE, 0.5), Sample("two", (*PLACE, "7"), 0.25), Sample("two", (*PLACE, "30"), 0.125)])
    labels = dict(zip(LABELS, PLACE, strict=True))
    assert registry.get_sample_value("one", labels) == 0.5
    assert registry.get_sample_value("two", {**labels, "window_days": "7"}) == 0.25
    assert registry.get_sample_value("two", {**labels, "window_days": "30"}) == 0.125
    board.show([Sample("one", PLACE, 0.75)])
    assert registry.get_sample_value("one", labels) == 0.75
    assert registry.get_sample_value("two", {**labels, "window_days": "7"}) is None


def test_the_gauges_of_the_families_are_those_of_the_contract() -> None:
    registry = CollectorRegistry()
    for family in (metrics, nps_metrics):
        family.Gauges(registry)
    ratios = ("fcr_gross", "fcr_net", "fcr_confirmed", "fcr_repeat", "answered", "digital")
    names = {f"hva_{name}_ratio" for name in ratios} | {"hva_nps_score", "hva_nps_responses"}
    assert {family.name for family in registry.collect()} == names
    windows = {name for name, gauge in metrics.GAUGES.items() if gauge.further == ("window_days",)}
    assert windows == {"hva_fcr_confirmed_ratio", "hva_fcr_repeat_ratio"}


def samples(view: str, given: list[dict[str, Any]], people: int = 99, **more: int) -> dict[str, list[tuple[str, ...]]]:
    """Gauge -> scope (and window) of its samples; `people` at every scope, but for those that `more` names."""
    paths = {(row["county"], row["period"], row["scope_level"], row["scope"]) for row in given}
    counted = {place: more.get(place[3], people) for place in paths}
    found: dict[str, list[tuple[str, ...]]] = {}
    for sample in metrics._samples(view, given, counted, {"2026-03": "month_current"}):
        found.setdefault(sample.gauge, []).append((sample.labels[2], *sample.labels[6:]))
    return found


@pytest.mark.parametrize(
    ("view", "gauge", "share", "whole"),
    [
        ("fcr", "hva_fcr_gross_ratio", "gross", "with_outcome"),
        ("fcr", "hva_fcr_net_ratio", "net", "resolvable"),
        ("fcr_confirmed", "hva_fcr_confirmed_ratio", "fcr_confirmed", "linkable_with_outcome"),
        ("fcr_confirmed", "hva_fcr_repeat_ratio", "repeat_rate", "linkable"),
        ("access", "hva_answered_ratio", "answered_share", "answerable"),
        ("digital", "hva_digital_ratio", "digital_share", "contacts"),
    ],
)
def test_a_gauge_is_shown_from_ten_of_its_own_whole_and_ten_people_on(
    view: str, gauge: str, share: str, whole: str
) -> None:
    parts = metrics._VIEWS[view].values()
    row: dict[str, Any] = {part: 0.5 for part, _ in parts} | {of: 99 for _, of in parts}
    (given,) = rows("county", 0, **row)
    names = set(metrics._VIEWS[view])
    assert set(samples(view, [given | {whole: 10}])) == names
    assert set(samples(view, [given | {whole: 9}])) == names - {gauge}
    assert set(samples(view, [given], people=10)) == names
    assert not samples(view, [given], people=9)
    assert set(samples(view, [given | {share: None, whole: 0}])) == names - {gauge}


def test_samples_of_a_view_are_hidden_window_by_window() -> None:
    shares: dict[str, Any] = {"fcr_confirmed": 0.5, "repeat_rate": 0.25}
    given = [
        *rows("county", 0, window_days=7, linkable=12, linkable_with_outcome=12, **shares),
        *rows("county", 0, window_days=30, linkable=12, linkable_with_outcome=9, **shares),
    ]
    assert samples("fcr_confirmed", given) == {
        "hva_fcr_confirmed_ratio": [("s0", "7")],
        "hva_fcr_repeat_ratio": [("s0", "7"), ("s0", "30")],
    }


@pytest.mark.parametrize(
    ("wholes", "people", "shown"),
    [
        ([40, 40, 40], {}, ["s0", "s1", "s2"]),
        ([40, 40, 40], {"s0": 3}, ["s2"]),  # with s0 another: three people of s0 do not follow from the county
        ([40, 40, 40], {"s0": 4, "s1": 6}, ["s2"]),
        ([3, 40, 40], {"s1": 5}, []),  # 3 contacts and 5 people are not enough together
        ([12, 40, 40], {"s0": 0}, ["s2"]),  # nobody was answered, or people are not counted yet
        ([0, 40, 40], {"s0": 0}, ["s1", "s2"]),  # there is nothing to hide
    ],
)
def test_a_division_of_few_people_is_hidden_with_enough_beside_it(
    wholes: list[int], people: dict[str, int], shown: list[str]
) -> None:
    given = [row | {"answerable": whole} for whole, row in zip(wholes, rows("division", 0, 0, 0), strict=True)]
    given = [row | {"answered_share": 0.5 if row["answerable"] else None} for row in given]
    found = samples("access", given, people=50, **people).get("hva_answered_ratio", [])
    assert sorted(scope for (scope,) in found) == shown
