"""What is missing behind a report: families that did not publish, quarters and months without figures."""

from collections.abc import Sequence
from typing import Any, Final

from deploy.report.model import Gap
from deploy.report.periods import months_until, parse_quarter
from deploy.report.published import Record

_MAIN_VIEWS: Final = {
    "nps": ("nps", "statement", "response", "direct_feedback"),
    "fcr": ("access", "digital", "hyte"),
    "segments": ("service_events", "events_per_client", "suuntima", "common_clients"),
}
"""Views that have a row of the county whenever their family has any facts."""


async def find(connection: Any, county: str, quarter: str, publications: Sequence[Record]) -> tuple[Gap, ...]:
    """The gaps of a quarter, family by family."""
    found: list[Gap] = []
    year = parse_quarter(quarter)[0]
    for family, views in _MAIN_VIEWS.items():
        own = next((row for row in publications if row["family"] == family and row["year"] == year), None)
        if own is None or own["published_at"] is None:
            found.append(Gap("not_published", family, year))
            continue
        if own["failure"] is not None:
            found.append(Gap("failed", family, year, at=own["failed_at"]))
        found += missing(family, quarter, await _periods(connection, views, county, quarter))
    return tuple(found)


def missing(family: str, quarter: str, periods: frozenset[str]) -> list[Gap]:
    """The gap of a family, by the periods that have figures."""
    months = [month for month in months_until(quarter, 3) if month not in periods]
    if quarter not in periods and len(months) == 3:
        return [Gap("no_rows", family)]
    return [Gap("months", family, months=tuple(months))] if months else []


async def _periods(connection: Any, views: Sequence[str], county: str, quarter: str) -> frozenset[str]:
    """Those of the quarter and its months that have a row of the county in one of the views."""
    periods = [quarter, *months_until(quarter, 3)]
    query = " union ".join(
        f"select period from report.{view} where county = $1 and period = any($2) and scope_level = 'county'"
        for view in views
    )
    return frozenset(row["period"] for row in await connection.fetch(query, county, periods))
