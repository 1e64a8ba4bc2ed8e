"""Building blocks of PromQL: values that say so when a service or the exporter cannot be reached.

A query for "now" that finds no series must not look like a good value. Each block fills what is missing with `UNKNOWN`,
which panels show as a bad value.
"""

from collections.abc import Sequence
from typing import Final

FAMILIES: Final = ("nps", "fcr", "segments")
SERVICES: Final = ("ingest", *FAMILIES)
UNKNOWN: Final = -1
"""Stands for a value that is not known. No value that a panel shows is negative."""


def or_unknown(query: str) -> str:
    """The one value of a query, or UNKNOWN without a value."""
    return f"({query}) or vector({UNKNOWN})"


def of_all(query: str, metric: str, jobs: Sequence[str]) -> str:
    """The one value of a query about all jobs: UNKNOWN while a job reports no `metric`, because the value lacks it."""
    reporting = f"count(count by (job) ({metric}{_selector(jobs)})) == {len(jobs)}"
    return or_unknown(f"({query}) and on () ({reporting})")


def by_job(query: str, jobs: Sequence[str], *, metric: str = "", none: int = 0) -> str:
    """A query by `job`, completed: `none` for jobs without a series that report `metric`, UNKNOWN for other jobs."""
    reporting = f" or on (job) ({none} + 0 * max by (job) ({metric}{_selector(jobs)}))" if metric else ""
    missing = " or ".join(f'label_replace(vector({UNKNOWN}), "job", "{job}", "", "")' for job in jobs)
    return f"({query}){reporting} or on (job) ({missing})"


def rate_of(metric: str, by: str) -> str:
    """The growth of a counter in a second, over 5 minutes."""
    return f"sum by ({by}) (rate({metric}[5m]))"


def growth_of(metric: str, by: str, since: str) -> str:
    """How much a counter has grown, in whole numbers: Prometheus extrapolates to the ends of the range."""
    return f"round(sum by ({by}) (increase({metric}[{since}])))"


def _selector(jobs: Sequence[str]) -> str:
    return f'{{job=~"{"|".join(jobs)}"}}'
