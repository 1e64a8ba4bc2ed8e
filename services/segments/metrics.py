"""The business gauges of the family, for counties and divisions."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import asyncpg
from prometheus_client import CollectorRegistry

from shared.clock import Clock, system_clock
from shared.gauges import MIN_SHOWN, Gauge, GaugeBoard, Sample, labels_of, showable, shown_periods
from shared.postgres.pool import read_transaction
from shared.registers.calendar import local_day

GAUGES: Final = {
    "hva_segment_clients": Gauge("Multidisciplinary clients of the county in the period."),
    "hva_segment_events": Gauge("Service events of multidisciplinary clients."),
    "hva_segment_events_per_client": Gauge("Service events of multidisciplinary clients, by clients of the county."),
}
_COLUMNS: Final = {
    "hva_segment_clients": "segment_clients",
    "hva_segment_events": "member_events",
    "hva_segment_events_per_client": "events_per_client",
}
_READ: Final = """
select * from figures.events_per_client
where period = any($1::text[]) and period_kind in ('month', 'quarter') and scope_level in ('county', 'division')
"""


class Gauges:
    """Clients and their service events, refreshed beside the work, never at a scrape.

    A place is shown by the clients behind its service events, and a county by all its members, too.
    """

    def __init__(self, registry: CollectorRegistry, clock: Clock = system_clock) -> None:
        self._clock = clock
        self._board = GaugeBoard(GAUGES, registry)

    async def refresh(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        """Read the figures of the shown periods and swap them in."""
        periods = shown_periods(local_day(self._clock()))
        async with pool.acquire() as connection, read_transaction(connection):
            rows = [dict(row) for row in await connection.fetch(_READ, list(periods))]
        rows = [row for row in rows if row["segment_clients"] >= MIN_SHOWN]
        self._board.show(sample for row in showable(rows, "cell_clients") for sample in _samples(row, periods))


def _samples(row: Mapping[str, Any], periods: Mapping[str, str]) -> Iterator[Sample]:
    place = labels_of(row, periods[row["period"]])
    for name, column in _COLUMNS.items():
        if row[column] is not None:
            yield Sample(name, place, row[column])
