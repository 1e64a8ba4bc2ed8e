"""Figures of distinct clients: which clients count in which cells and periods."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.store.fcr_harness import (
    ANNA,
    BERTTA,
    DAY,
    HOUR,
    MICROSECOND,
    START,
    Store,
    contact,
    retracted,
)

CLIENTS = "clients, clients_not_repeated"
REVOLVING = "clients, revolving_clients, index"


@pytest.mark.parametrize(
    ("days", "periods"),
    [
        ([date(2026, 3, 2)], {"2026-03", "2026-04"}),
        ([date(2026, 1, 31)], {"2026-01", "2026-02", "2026-03"}),  # 30 days from here end in March
        ([date(2025, 1, 29)], {"2025-01", "2025-02", "2025-03"}),
        ([date(2024, 1, 30)], {"2024-01", "2024-02", "2024-03"}),
        ([date(2026, 2, 1)], {"2026-02", "2026-03"}),
        ([date(2025, 12, 2), date(2025, 6, 30)], {"2025-12", "2026-01", "2025-06", "2025-07"}),
    ],
)
async def test_contact_makes_months_within_30_days_stale(fcr: Store, days: list[date], periods: set[str]) -> None:
    """Its own month, and the months in which it can make a client revolving: up to 30 days of 24 hours later."""
    starts = [datetime(day.year, day.month, day.day, 10, tzinfo=UTC) for day in days]
    await fcr.feed(*(contact(f"c{n}", at) for n, at in enumerate(starts)))
    stale = await fcr.stale()
    assert {period for period in stale if "-" in period} == periods
    assert stale - periods == {f"{p[:4]}Q{(int(p[5:]) + 2) // 3}" for p in periods} | {p[:4] for p in periods}


async def test_late_contact_makes_client_revolving_in_the_next_month(fcr: Store) -> None:
    """Two contacts are in February. The first of the three, on 31 January, arrives last. Reasons differ."""
    january = datetime(2026, 1, 31, 10, tzinfo=UTC)
    await fcr.feed(contact("b", january + 10 * DAY, reason="b"), contact("c", january + 20 * DAY, reason="c"))
    await fcr.refresh_cells()
    assert await fcr.row("revolving", REVOLVING, period="2026-02") == (1, 0, 0.0)
    await fcr.feed(contact("a", january, reason="a"))
    await fcr.refresh_cells()
    assert await fcr.row("revolving", REVOLVING, period="2026-02") == (1, 1, 100.0)
    assert await fcr.row("revolving", REVOLVING, period="2026-01") == (1, 0, 0.0)


@pytest.mark.parametrize(("shift", "revolving"), [(timedelta(0), 0), (MICROSECOND, 1), (-MICROSECOND, 0)])
# Daylight saving time begins on 29 March.
@pytest.mark.parametrize("start", [START, datetime(2026, 3, 10, 22, 30, tzinfo=UTC)])
async def test_thirty_day_interval_is_half_open(fcr: Store, start: datetime, shift: timedelta, revolving: int) -> None:
    """(R - 30 d, R]: a contact exactly 30 days of 24 hours before R does not count."""
    end = start + 30 * DAY - shift
    await fcr.feed(contact("a", start), contact("b", start + DAY), contact("c", end))
    await fcr.refresh_cells()
    assert await fcr.row("revolving", REVOLVING, period="2026") == (1, revolving, 100.0 * revolving)


async def test_three_simultaneous_contacts_make_client_revolving(fcr: Store) -> None:
    await fcr.feed(*(contact(f"c{n}", reason=None, line=f"l{n}") for n in range(3)), contact("d", client=BERTTA))
    await fcr.refresh_cells()
    assert await fcr.row("revolving", REVOLVING) == (2, 1, 50.0)
    assert await fcr.row("revolving", REVOLVING, scope_level="line", scope="l0") == (1, 1, 100.0)


async def test_revolving_clients_are_counted_county_wide(fcr: Store) -> None:
    """Any unit, line and first-line channel counts. Unhandled contacts and those without a client do not."""
    await fcr.feed(
        contact("a", unit="hml-ta", channel="sms", line="sosiaali", reason=None),
        contact("b", START + HOUR, unit="forssa-ta", channel="chat"),
        contact("c", START + 2 * HOUR),
        contact("b1", client=BERTTA),
        contact("b2", START + HOUR, client=BERTTA, answered_at=None),
        contact("b3", START + 2 * HOUR, client=BERTTA, channel="digital_booking"),
        contact("b4", START + 3 * HOUR, client=BERTTA, direction="outbound"),
        contact("b5", START + 3 * HOUR, client=BERTTA),
        contact("no-client", client=None),
    )
    await fcr.refresh_cells()
    assert await fcr.row("revolving", REVOLVING) == (2, 1, 50.0)
    assert await fcr.row("revolving", REVOLVING, scope_level="unit", scope="keskus") == (2, 1, 50.0)
    assert await fcr.row("revolving", REVOLVING, scope_level="unit", scope="hml-ta") == (1, 0, 0.0)
    assert await fcr.row("revolving", REVOLVING, segment="other") == (2, 1, 50.0)
    assert await fcr.row("revolving", REVOLVING, segment="unknown") is None


async def test_first_contact_of_each_cell_decides(fcr: Store) -> None:
    """Cells of different units and channels have different first contacts."""
    await fcr.feed(
        contact("a", unit="hml-ta", channel="chat"),  # repeated by b within a week
        contact("b", START + 3 * DAY),  # repeated by c within a day
        contact("c", START + 3 * DAY + HOUR, unit="hml-ta"),  # not repeated
        contact("d", START + 4 * DAY, client=BERTTA, channel="chat"),
        contact("sms", START - DAY, client=BERTTA, channel="sms", reason="muu"),
        contact("unlinked", START - DAY, client=BERTTA, reason=None),
    )
    await fcr.refresh_cells()

    async def windows(**keys: str) -> list[tuple[int, ...] | None]:
        return [await fcr.row("fcr_client", CLIENTS, window_days=days, **keys) for days in (1, 7, 30)]

    assert await windows() == [(2, 2), (2, 1), (2, 1)]
    assert await windows(scope_level="unit", scope="hml-ta") == [(1, 1), (1, 0), (1, 0)]
    assert await windows(scope_level="unit", scope="keskus") == [(2, 1), (2, 1), (2, 1)]
    assert await windows(channel="phone") == [(1, 0), (1, 0), (1, 0)]
    assert await windows(channel="chat") == [(2, 2), (2, 1), (2, 1)]
    assert await windows(channel="sms") == [None, None, None]
    assert await windows(segment="other") == [(2, 2), (2, 1), (2, 1)]
    crossed = await fcr.fetch("select 1 from figures.fcr_client where channel <> 'all' and segment <> 'all'")
    assert crossed == []
    assert await fcr.fetch("select distinct period_kind from figures.fcr_client order by 1") == [
        ("month",),
        ("quarter",),
        ("year",),
    ]


async def test_each_period_has_its_own_first_contact(fcr: Store) -> None:
    await fcr.feed(contact("a"), contact("b", START + 30 * DAY), contact("c", START + 31 * DAY))
    await fcr.refresh_cells()
    periods = ("2026-03", "2026-04", "2026Q1", "2026Q2", "2026")
    found = [await fcr.row("fcr_client", CLIENTS, window_days=1, period=period) for period in periods]
    assert found == [(1, 1), (1, 0), (1, 1), (1, 0), (1, 1)]


async def test_retracted_and_erased_contacts_leave_no_cells(fcr: Store) -> None:
    await fcr.feed(contact("a"), contact("b", START + DAY))
    await fcr.refresh_cells()
    assert await fcr.cells() != [[], []]
    await fcr.feed(retracted(contact_id="a"))
    await fcr.erase(ANNA)
    assert "2026-03" in await fcr.stale()
    await fcr.refresh_cells()
    assert await fcr.cells() == [[], []] and await fcr.stale() == set()
