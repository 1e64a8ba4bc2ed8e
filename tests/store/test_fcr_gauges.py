"""The gauges of the family, read from its own figures."""

from datetime import timedelta

from prometheus_client import CollectorRegistry

from services.fcr.metrics import Gauges
from shared.gauges import LABELS
from tests.store.fcr_stage import BERTTA, DAY, START, Store, contact

COUNTY = ("oma-hame", "county", "oma-hame", "all", "all")


class Board:
    """What a scrape would see on 15 March."""

    def __init__(self, fcr: Store) -> None:
        self._fcr, self._registry = fcr, CollectorRegistry()
        self._gauges = Gauges(self._registry, lambda: START + 13 * DAY)

    async def refresh(self) -> None:
        await self._gauges.refresh(self._fcr.pool)

    def value(self, name: str, period: str = "month_current", **further: str) -> float | None:
        labels = dict(zip(LABELS, (*COUNTY, period), strict=True))
        return self._registry.get_sample_value(f"hva_{name}_ratio", labels | further)

    def count(self) -> int:
        return sum(len(family.samples) for family in self._registry.collect())


async def test_ratios_of_this_month_and_the_last(fcr: Store) -> None:
    board = Board(fcr)
    await board.refresh()
    assert board.count() == 0
    calls = [contact(f"c{n}", START + timedelta(minutes=n), reason=f"r{n % 6}") for n in range(12)]
    await fcr.feed(*calls, contact("missed", answered_at=None), contact("no", outcome="siirretty", client=BERTTA))
    await fcr.feed(contact("far", START + 8 * DAY, reason="r0", outcome="lahete", classification="2026"))
    await fcr.feed(contact("booking", channel="digital_booking"))
    await board.refresh()
    assert board.value("fcr_gross") == 12 / 14
    assert board.value("fcr_net") == 12 / 13
    assert board.value("fcr_confirmed", window_days="1") == 6 / 14  # of two of a reason the second is not repeated
    assert board.value("fcr_confirmed", window_days="30") == 5 / 14
    assert board.value("fcr_repeat", window_days="7") == 6 / 14
    assert board.value("fcr_repeat", window_days="30") == 7 / 14
    assert board.value("answered") == 14 / 15
    assert board.value("digital") == 1 / 16
    assert board.value("fcr_gross", "quarter_current") == 12 / 14
    assert board.value("fcr_gross", "month_previous") is None


async def test_what_a_few_did_is_not_shown(fcr: Store) -> None:
    board = Board(fcr)
    await fcr.feed(
        *(contact(f"c{n}", reason=None if n else "kuume") for n in range(9)), contact("missed", answered_at=None)
    )
    await board.refresh()
    assert board.value("fcr_gross") is None  # nine
    assert board.value("answered") == 9 / 10
    await fcr.feed(contact("tenth", reason=None))
    await board.refresh()
    assert board.value("fcr_gross") == 1.0
    assert board.value("fcr_confirmed", window_days="7") is None  # one of ten is linkable
