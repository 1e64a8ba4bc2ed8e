"""The business gauges of the family, for counties and divisions."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import asyncpg
from prometheus_client import CollectorRegistry

from shared.clock import Clock, system_clock
from shared.gauges import Gauge, GaugeBoard, Sample, place_of, showable, shown_periods
from shared.postgres.pool import reading
from shared.registers.calendar import local_day

GAUGES: Final = {
    "hva_fcr_gross_ratio": Gauge("Contacts resolved, of those with an outcome."),
    "hva_fcr_net_ratio": Gauge("Contacts resolved, of those that the first line can resolve."),
    "hva_fcr_confirmed_ratio": Gauge(
        "Contacts resolved and not repeated within the window, of linkable ones with an outcome.", ("window_days",)
    ),
    "hva_fcr_repeat_ratio": Gauge(
        "Contacts that repeat another within the window, of linkable ones.", ("window_days",)
    ),
    "hva_answered_ratio": Gauge("Contacts answered, of those that were not given up at once."),
    "hva_digital_ratio": Gauge("Chat and digital bookings, of all contacts."),
}

# Of each view: the number that must be large enough to show a row, and its gauges.
_VIEWS: Final = {
    "fcr": ("handled", {"hva_fcr_gross_ratio": "gross", "hva_fcr_net_ratio": "net"}),
    "fcr_confirmed": (
        "linkable",
        {"hva_fcr_confirmed_ratio": "fcr_confirmed", "hva_fcr_repeat_ratio": "repeat_rate"},
    ),
    "access": ("inbound", {"hva_answered_ratio": "answered_share"}),
    "digital": ("contacts", {"hva_digital_ratio": "digital_share"}),
}
_READ: Final = """
select *{further} from figures.{view}
where period = any($1::text[]) and period_kind in ('month', 'quarter') and scope_level in ('county', 'division')
  and channel = 'all' and segment = 'all'
"""
_FURTHER: Final = {"digital": ", phone + chat + sms + digital_booking as contacts"}


class Gauges:
    """The ratios, refreshed beside the work, never at a scrape."""

    def __init__(self, registry: CollectorRegistry, clock: Clock = system_clock) -> None:
        self._clock = clock
        self._board = GaugeBoard(GAUGES, registry)

    async def refresh(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        """Read the figures of the shown periods and swap them in."""
        periods = shown_periods(local_day(self._clock()))
        samples: list[Sample] = []
        async with pool.acquire() as connection, reading(connection):
            for view in _VIEWS:
                query = _READ.format(view=view, further=_FURTHER.get(view, ""))
                rows = [dict(row) for row in await connection.fetch(query, list(periods))]
                samples.extend(_samples(view, rows, periods))
        self._board.show(samples)


def _samples(view: str, rows: list[dict[str, Any]], periods: Mapping[str, str]) -> Iterator[Sample]:
    population, gauges = _VIEWS[view]
    for window in sorted({row.get("window_days", 0) for row in rows}):
        for row in showable([row for row in rows if row.get("window_days", 0) == window], population):
            place = place_of(row, periods[row["period"]]) + ((str(window),) if window else ())
            yield from (Sample(name, place, row[column]) for name, column in gauges.items() if row[column] is not None)
