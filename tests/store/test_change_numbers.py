"""A change of figures raises the change number of their year, so that the year is published again."""

from datetime import timedelta

from tests.store import fcr_harness, segments_harness
from tests.store.fcr_harness import contact
from tests.store.segments_harness import flag, suuntima


async def change_numbers(pool: object, schema: str) -> dict[int, int]:
    rows = await pool.fetch(f"select year, change_number from {schema}.touched where county = 'oma-hame'")  # type: ignore[attr-defined]
    return {row["year"]: row["change_number"] for row in rows}


def raised_years(before: dict[int, int], after: dict[int, int]) -> set[int]:
    return {year for year, number in after.items() if number > before.get(year, 0)}


async def test_recomputed_cells_touch_their_year(fcr: fcr_harness.Store) -> None:
    before = await change_numbers(fcr.pool, "fcr")
    await fcr.feed(contact("touched"))
    fed = await change_numbers(fcr.pool, "fcr")
    await fcr.refresh_cells()
    refreshed = await change_numbers(fcr.pool, "fcr")
    assert raised_years(before, fed) == {2026} == raised_years(fed, refreshed)
    await fcr.feed(contact("touched"))
    assert await change_numbers(fcr.pool, "fcr") == refreshed


async def test_ground_of_membership_touches_all_years_of_its_validity(segments: segments_harness.Store) -> None:
    start = segments_harness.START
    before = await change_numbers(segments.pool, "segments")
    await segments.feed(flag("f", (start - timedelta(days=300)).date(), start.date()))
    flagged = await change_numbers(segments.pool, "segments")
    assert raised_years(before, flagged) == {2025, 2026}
    await segments.feed(suuntima("a", "omatoimi", at=start - timedelta(days=360)))
    assert raised_years(flagged, await change_numbers(segments.pool, "segments")) == {2025, 2026}
