"""The business gauges of the family: NPS and its answers for counties and divisions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

import asyncpg
from prometheus_client import CollectorRegistry

from shared.clock import Clock, system_clock
from shared.gauges import GaugeBoard, Sample, shown_periods
from shared.postgres.pool import reading
from shared.registers.calendar import local_day

LEAST_ANSWERS: Final = 10
"""Scores and their answers are shown from here on; fewer could tell what one person answered. What is hidden of a
county must be so many together, too: else it follows from the county less the divisions that are shown."""

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
                "hva_nps_score": "Net promoter score in points, -100 to 100.",
                "hva_nps_responses": "Answers behind the net promoter score.",
            },
            registry,
        )

    async def refresh(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        """Read the figures of the shown periods and swap them in."""
        periods = shown_periods(local_day(self._clock()))
        async with pool.acquire() as connection, reading(connection):
            rows = await connection.fetch(_READ, list(periods))
        self._board.show(
            sample for row in showable(dict(row) for row in rows) for sample in _samples(row, periods[row["period"]])
        )


def showable(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The counties with enough answers, and of their divisions those that give no smaller one away."""
    cells: dict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        cells[row["county"], row["period"], row["scope_level"]].append(row)
    return [row for cell in cells.values() for row in _without_small(cell)]


def _without_small(cell: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Hide the small ones, and with them the next smallest until what is hidden is nothing or enough together."""
    left = sorted(cell, key=lambda row: (row["n"], row["scope"]))
    hidden = 0
    while left and (left[0]["n"] < LEAST_ANSWERS or 0 < hidden < LEAST_ANSWERS):
        hidden += left.pop(0)["n"]
    return left


def _samples(row: Mapping[str, Any], period: str) -> tuple[Sample, Sample]:
    place = (row["county"], row["scope_level"], row["scope"], row["channel"], row["segment"], period)
    return Sample("hva_nps_score", place, row["score"]), Sample("hva_nps_responses", place, row["n"])
