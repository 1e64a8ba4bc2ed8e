"""The county that the benchmark publishes has all of its responses in every table, and its results are printed."""

from tests.bench.publication import County, Publication, buckets_of
from tests.bench.report import markdown
from tests.bench.results import Results

COUNTY = County(units=9, responses=300)


def test_every_response_is_in_every_table() -> None:
    totals = {table: sum(map(sum, counts.values())) for table, counts in buckets_of(COUNTY).items()}
    assert totals == {"answer_day": 900, "answer_month": 900, "response_count_day": 300, "response_count_month": 300}


def test_equal_counties_give_equal_buckets() -> None:
    assert buckets_of(COUNTY) == buckets_of(COUNTY)


def test_results_are_printed() -> None:
    one = Publication(COUNTY, rows=200, hidden=50, cpu_s=1.25, seconds=1.5, peak_mib=99.6)
    assert "| 9 units, 300 responses | 200 | 25.0% | 1.2 s | 1.5 s | 100 MiB |" in markdown(
        Results({}, publications=[one])
    )
