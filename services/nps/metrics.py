"""The business gauges of the family: NPS and its answers for counties and divisions."""

from collections.abc import Mapping
from typing import Any, Final

import asyncpg
from prometheus_client import CollectorRegistry

from shared.clock import Clock, system_clock
from shared.gauges import Gauge, GaugeBoard, Sample, labels_of, showable, shown_periods
from shared.postgres.pool import read_transaction
from shared.registers.calendar import local_day

_READ: Final = """
select county, scope_level, scope, channel, segment, period, n, score from figures.nps
where period = any($1::text[]) and period_kind in ('month', 'quarter') and scope_level in ('county', 'division')
  and channel = 'all' and segment = 'all'
"""


class Gauges:
    """`hva_nps_score` in points and `hva_nps_responses`, refreshed beside the work, never at a scrape."""

    def __init__(self, registry: CollectorRegistry, clock: Clock = system_clock) -> None:
        self._clock = clock
        self._board = GaugeBoard(
            {
                "hva_nps_score": Gauge("Net promoter score in points, -100 to 100."),
                "hva_nps_responses": Gauge("Answers behind the net promoter score."),
            },
            registry,
        )

    async def refresh(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        """Read the figures of the shown periods and swap them in."""
        periods = shown_periods(local_day(self._clock()))
        async with pool.acquire() as connection, read_transaction(connection):
            rows = await connection.fetch(_READ, list(periods))
        shown = showable((dict(row) for row in rows), "n")
        self._board.show(sample for row in shown for sample in _samples(row, periods[row["period"]]))


def _samples(row: Mapping[str, Any], period: str) -> tuple[Sample, Sample]:
    place = labels_of(row, period)
    return Sample("hva_nps_score", place, row["score"]), Sample("hva_nps_responses", place, row["n"])
