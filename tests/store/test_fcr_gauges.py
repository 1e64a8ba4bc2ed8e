"""The gauges of the family, read from its own figures."""

from datetime import timedelta

from prometheus_client import CollectorRegistry

from services.fcr.metrics import Gauges
from shared.gauges import LABELS
from tests.store.fcr_stage import BERTTA, DAY, START, Store, contact

COUNTY = ("oma-hame", "county", "oma-hame", "all", "all")


def person(number: int) -> str:
    return f"k1.{number:022}"


class Board:
    """The gauges on 15 March."""

    def __init__(self, fcr: Store) -> None:
        self._fcr, self._registry = fcr, CollectorRegistry()
        self._gauges = Gauges(self._registry, lambda: START + 13 * DAY)

    async def refresh(self) -> None:
        """Refresh as the jobs of the service do: cells first."""
        await self._fcr.count()
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
    people = [person(n % 6) for n in range(12)]
    calls = [contact(f"c{n}", START + timedelta(minutes=n), client=client) for n, client in enumerate(people)]
    await fcr.feed(*(contact(f"more{n}", client=person(6 + n), channel="sms") for n in range(3)))  # 6 + 1 + 3 people
    await fcr.feed(*calls, contact("missed", answered_at=None), contact("no", outcome="siirretty", client=BERTTA))
    await fcr.feed(contact("far", START + 8 * DAY, client=person(0), outcome="lahete", classification="2026"))
    await fcr.feed(contact("booking", channel="digital_booking"))
    await board.refresh()
    assert board.value("fcr_gross") == 12 / 14
    assert board.value("fcr_net") == 12 / 13
    assert (
        board.value("fcr_confirmed", window_days="1") == 6 / 14
    )  # the second of a client's two contacts is not repeated
    assert board.value("fcr_confirmed", window_days="30") == 5 / 14
    assert board.value("fcr_repeat", window_days="7") == 6 / 14
    assert board.value("fcr_repeat", window_days="30") == 7 / 14
    assert board.value("answered") == 17 / 18
    assert board.value("digital") == 1 / 19
    assert board.value("fcr_gross", "quarter_current") == 12 / 14
    assert board.value("fcr_gross", "month_previous") is None


async def test_each_gauge_is_shown_by_its_own_contacts(fcr: Store) -> None:
    board = Board(fcr)
    lone = {"client": None, "reason": None}
    await fcr.feed(
        *(contact(f"c{n}", outcome="hata-112", **lone) for n in range(10)),
        *(contact(f"p{n}", client=person(n), outcome="siirretty" if n else None) for n in range(10)),
        contact("missed", answered_at=None),
    )
    await board.refresh()
    assert board.value("answered") == 20 / 21
    assert board.value("fcr_gross") == 0.0
    assert board.value("fcr_net") is None  # nine of the first line
    assert board.value("fcr_confirmed", window_days="7") is None  # nine linkable ones with an outcome
    assert board.value("fcr_repeat", window_days="7") == 0.0  # ten linkable ones
    await fcr.feed(contact("p0", revision=2, client=person(0)))
    await board.refresh()
    assert board.value("fcr_net") == 1 / 10
    assert board.value("fcr_confirmed", window_days="7") == 1 / 10


async def test_gauges_of_few_clients_are_hidden(fcr: Store) -> None:
    """The number of contacts does not matter; a contact without a client counts as one person."""
    board = Board(fcr)
    await fcr.feed(*(contact(f"c{n}", START + timedelta(minutes=n), client=person(n % 8)) for n in range(40)))
    await fcr.feed(contact("lone", client=None), contact("missed", client=person(20), answered_at=None))
    await board.refresh()
    assert board.count() == 0  # nine
    await fcr.feed(contact("other", client=None, channel="sms"))
    await board.refresh()
    assert board.value("fcr_gross") == 1.0
    assert board.value("answered") == 42 / 43
    assert board.value("digital") == 0.0
