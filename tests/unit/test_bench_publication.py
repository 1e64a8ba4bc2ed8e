"""The county that the benchmark publishes adds up as real figures do, and its results are printed."""

from shared.disclosure.model import ALL, population
from shared.disclosure.star import is_published
from tests.bench.publication import County, Publication, snapshot_of
from tests.bench.report import markdown
from tests.bench.results import Results

COUNTY = County(units=9, responses=300)


def test_the_county_adds_up() -> None:
    cells = snapshot_of(COUNTY).cells
    assert all(is_published(cell) and population(cell, row) for cell, row in cells.items())
    for view, per_response in (("nps", 1), ("response", 1), ("statement", 2)):
        for level in ("county", "division", "result_area", "service_area", "region", "unit"):
            for kind in ("month", "quarter", "year"):
                found = sum(
                    population(cell, row)
                    for cell, row in cells.items()
                    if (cell[0], cell.level, cell.period_kind) == (view, level, kind)
                    and (cell.channel, cell.segment) == (ALL, ALL)
                )
                assert found == COUNTY.responses * per_response, (view, level, kind)


def test_equal_counties_give_equal_input() -> None:
    assert snapshot_of(COUNTY) == snapshot_of(COUNTY)


def test_results_are_printed() -> None:
    one = Publication(COUNTY, rows=200, small=20, hidden=50, protect_cpu_s=1.25, replace_s=0.5, peak_mib=99.6)
    expected = "| 9 units, 300 responses | 200 | 25.0% (10.0%) | 1.2 s | 0.5 s | 100 MiB |"
    assert expected in markdown(Results({}, publications=[one]))
