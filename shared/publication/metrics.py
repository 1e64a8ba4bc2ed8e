"""Metrics of the newest publication of the current year of each county, and of restatements."""

from datetime import datetime
from functools import partial
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from shared.clock import Clock, system_clock
from shared.postgres.chunks import Pool
from shared.publication.protection import views_of

_READ: Final = """
select distinct on (county) county, published_at, seconds, rows, hidden from report.publication
where family = $1 and published_at is not null order by county, year desc
"""
# Restatements change with a publication, of any year, and with a closing. Both tables have a few rows.
_STATE: Final = """
select (select sum(extract(epoch from published_at)) from report.publication where family = $1) as publications,
       (select count(*) from report.edition) as editions
"""
# Key results follow the figures of all families, so that no family counts them.
_RESTATED: Final = """
select county, count(*) as restated from report.restatement where view = any($1::text[]) group by county
"""


async def publication_state(pool: Pool, family: str) -> tuple[Any, ...]:
    """What changes with every publication of the family and with every closing: gauges are read again only then."""
    row = await pool.fetchrow(_STATE, family)
    assert row is not None  # one row without tables
    return tuple(row)


class PublicationMetrics:
    """Age, duration, rows, hidden share, failures and restated values."""

    def __init__(self, family: str, registry: CollectorRegistry, clock: Clock = system_clock) -> None:
        self._family, self._clock = family, clock

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(name, text, ["service", "county"], registry=registry)

        self._age = gauge("hva_publication_age_seconds", "Age of the published figures of the current year.")
        self._seconds = gauge("hva_publication_seconds", "How long the last publication took.")
        self._rows = gauge("hva_publication_rows", "Rows of the last publication, hidden ones among them.")
        self._hidden = gauge("hva_publication_hidden_ratio", "Hidden rows of the last publication, of all its rows.")
        self._restated = gauge(
            "hva_restated_values", "Published values that differ from the newest edition of their closed period."
        )
        text = "Publications that failed; the previous ones stay."
        self._failures = Counter("hva_publication_failures", text, ["service"], registry=registry).labels(family)

    def failed(self) -> None:
        """Count a failure."""
        self._failures.inc()

    async def refresh(self, pool: Pool) -> None:
        """Show the last publications as stored in the database, whichever replica made them, and count restatements."""
        rows = await pool.fetch(_READ, self._family)
        restated = await pool.fetch(_RESTATED, list(views_of(self._family)))
        counts = {row["county"]: row["restated"] for row in restated}
        for row in rows:
            labels = (self._family, row["county"])
            self._age.labels(*labels).set_function(partial(self._age_of, row["published_at"]))  # grows by itself
            self._seconds.labels(*labels).set(row["seconds"])
            self._rows.labels(*labels).set(row["rows"])
            self._hidden.labels(*labels).set(row["hidden"] / row["rows"] if row["rows"] else 0.0)
            self._restated.labels(*labels).set(counts.get(row["county"], 0))

    def _age_of(self, published_at: datetime) -> float:
        return (self._clock() - published_at).total_seconds()
