"""The business gauges of the family, for counties and divisions."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import asyncpg
from prometheus_client import CollectorRegistry

from shared.clock import Clock, system_clock
from shared.gauges import Gauge, GaugeBoard, Sample, labels_of, showable, shown_periods
from shared.postgres.lock import Connection
from shared.postgres.pool import read_transaction
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

# Of each view: its gauges, each with its column and what it is a share of.
_VIEWS: Final = {
    "fcr": {"hva_fcr_gross_ratio": ("gross", "with_outcome"), "hva_fcr_net_ratio": ("net", "resolvable")},
    "fcr_confirmed": {
        "hva_fcr_confirmed_ratio": ("fcr_confirmed", "linkable_with_outcome"),
        "hva_fcr_repeat_ratio": ("repeat_rate", "linkable"),
    },
    "access": {"hva_answered_ratio": ("answered_share", "answerable")},
    "digital": {"hva_digital_ratio": ("digital_share", "contacts")},
}
_FURTHER: Final = {
    "access": ", inbound - early as answerable",
    "digital": ", phone + chat + sms + digital_booking as contacts",
}
_READ: Final = """
select *{further} from figures.{view}
where period = any($1::text[]) and period_kind in ('month', 'quarter') and scope_level in ('county', 'division')
  and channel = 'all' and segment = $2
"""
# View, segment and column of people. A handled contact without a client may be anybody's: a person of its own.
_PEOPLE: Final = (("revolving", "all", "clients"), ("access", "unknown", "handled"))
_SHOWN_BY: Final = "shown_by"

_Place = tuple[str, str, str, str]


class Gauges:
    """The ratios, refreshed beside the work, never at a scrape.

    A gauge of a place is shown by the smaller of two numbers: what it is a share of, and the people of the place,
    since one person may stand behind many contacts.
    """

    def __init__(self, registry: CollectorRegistry, clock: Clock = system_clock) -> None:
        self._clock = clock
        self._board = GaugeBoard(GAUGES, registry)

    async def refresh(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        """Read the figures of the shown periods and swap them in."""
        periods = shown_periods(local_day(self._clock()))
        people, samples = Counter[_Place](), list[Sample]()
        async with pool.acquire() as connection, read_transaction(connection):
            for view, segment, column in _PEOPLE:
                for row in await _read(connection, view, segment, periods):
                    people[_place(row)] += row[column]
            for view in _VIEWS:
                samples.extend(_samples(view, await _read(connection, view, "all", periods), people, periods))
        self._board.show(samples)


async def _read(connection: Connection, view: str, segment: str, periods: Iterable[str]) -> list[dict[str, Any]]:
    query = _READ.format(view=view, further=_FURTHER.get(view, ""))
    return [dict(row) for row in await connection.fetch(query, list(periods), segment)]


def _samples(
    view: str, rows: list[dict[str, Any]], people: Mapping[_Place, int], periods: Mapping[str, str]
) -> Iterator[Sample]:
    for window in sorted({row.get("window_days", 0) for row in rows}):
        of_window = [row for row in rows if row.get("window_days", 0) == window]
        for name, (share, whole) in _VIEWS[view].items():
            for row in showable((row | {_SHOWN_BY: _population(row, whole, people)} for row in of_window), _SHOWN_BY):
                place = labels_of(row, periods[row["period"]]) + ((str(window),) if window else ())
                if row[share] is not None:
                    yield Sample(name, place, row[share])


def _population(row: Mapping[str, Any], whole: str, people: Mapping[_Place, int]) -> int:
    """What shows the gauge of a place. Where there are contacts there is somebody, too: a place whose people are not
    counted yet, or whom nobody has answered, is not hidden as if it were nothing.
    """
    contacts: int = row[whole]
    return min(contacts, max(people.get(_place(row), 0), 1))


def _place(row: Mapping[str, Any]) -> _Place:
    return row["county"], row["period"], row["scope_level"], row["scope"]
