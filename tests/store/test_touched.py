"""Whoever changes a figure says of which year, so that it is published again."""

from datetime import timedelta

from tests.store import fcr_stage, segments_stage
from tests.store.fcr_stage import contact
from tests.store.segments_stage import flag, suuntima


async def change_numbers(pool: object, schema: str) -> dict[int, int]:
    rows = await pool.fetch(f"select year, change_number from {schema}.touched where county = 'oma-hame'")  # type: ignore[attr-defined]
    return {row["year"]: row["change_number"] for row in rows}


def raised(before: dict[int, int], after: dict[int, int]) -> set[int]:
    return {year for year, number in after.items() if number > before.get(year, 0)}


async def test_counts_of_clients_touch_their_year_when_they_are_counted(fcr: fcr_stage.Store) -> None:
    before = await change_numbers(fcr.pool, "fcr")
    await fcr.feed(contact("touched"))
    fed = await change_numbers(fcr.pool, "fcr")
    await fcr.count()
    counted = await change_numbers(fcr.pool, "fcr")
    assert raised(before, fed) == {2026} == raised(fed, counted)
    await fcr.feed(contact("touched"))
    assert await change_numbers(fcr.pool, "fcr") == counted


async def test_evidence_touches_all_years_of_which_it_says_something(segments: segments_stage.Store) -> None:
    start = segments_stage.START
    before = await change_numbers(segments.pool, "segments")
    await segments.feed(flag("f", (start - timedelta(days=300)).date(), start.date()))
    flagged = await change_numbers(segments.pool, "segments")
    assert raised(before, flagged) == {2025, 2026}
    await segments.feed(suuntima("a", "omatoimi", at=start - timedelta(days=360)))
    assert raised(flagged, await change_numbers(segments.pool, "segments")) == {2025, 2026}
