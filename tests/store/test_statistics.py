"""Known results of docs/figures.md, checked against the SQL functions that the views use."""

import asyncpg
import pytest

from tests.product import Database


async def fetch_row(database: Database, query: str, *arguments: object) -> asyncpg.Record:
    connection = await asyncpg.connect(database.dsn("hva_steward"))
    try:
        row = await connection.fetchrow(query, *arguments)
        assert row is not None
        return row
    finally:
        await connection.close()


async def test_confidence_bounds_have_known_values(database: Database) -> None:
    nps = "select reference.nps_bound($1, $2, $3, -1) low, reference.nps_bound($1, $2, $3, 1) high"
    for p, d, n, low, high in ((47, 18, 100, 13.62, 42.69), (7, 1, 10, 7.04, 85.27), (5, 0, 5, 17.49, 100.0)):
        row = await fetch_row(database, nps, p, d, n)
        assert (round(row["low"], 2), round(row["high"], 2)) == (low, high)
    wilson = "select reference.wilson_bound($1, $2, -1) low, reference.wilson_bound($1, $2, 1) high"
    row = await fetch_row(database, wilson, 784, 1000)
    assert (round(100 * row["low"], 2), round(100 * row["high"], 2)) == (75.74, 80.84)
    row = await fetch_row(database, wilson, 0, 0)
    assert (row["low"], row["high"]) == (None, None)
    assert (await fetch_row(database, "select reference.share(0, 0) s"))["s"] is None


@pytest.mark.parametrize(
    ("as_of", "delay", "state"),
    [
        ("2026-03-31T20:59:59Z", 1, "provisional"),  # one second before the quarter's last local day ends
        ("2026-03-31T21:00:00Z", 1, "final"),
        ("2026-04-15T20:59:59Z", 16, "provisional"),
        ("2026-04-15T21:00:00Z", 16, "final"),
    ],
)
async def test_period_is_final_once_its_last_local_day_has_ended(
    database: Database, as_of: str, delay: int, state: str
) -> None:
    connection = await asyncpg.connect(database.dsn("hva_steward"), server_settings={"hva.as_of": as_of})
    try:
        assert await connection.fetchval("select reference.state_of('2026-03-31'::date, $1)", delay) == state
    finally:
        await connection.close()
