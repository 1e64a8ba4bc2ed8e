"""How long figures take to read, and cells to compute, with ten million contacts of two counties and nine years.

The service applies a log, which is then copied to earlier dates, as in `history`. The copies overlap, so that the
county's year is as busy as that of a large county. The buckets are recomputed from the facts. Before, the same
computation is compared with what the service wrote.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Final

from services.fcr.cells import Cells
from shared.postgres.lease import unshared
from shared.postgres.pool import make_pool
from tests.bench.family import FCR
from tests.bench.history import apply_events, grow
from tests.bench.reading import (
    COUNTY,
    QUARTER,
    Reading,
    Timed,
    read_view,
    rebuild_buckets,
    session,
    summary_line,
    without_indexes,
)
from tests.bench.sizes import Sizes
from tests.bench.stage import Database, Stage
from tests.bench.workload import UNTIL, Event, salted

VIEWS: Final = ("fcr", "fcr_confirmed", "fcr_client", "access", "digital", "hyte", "revolving")
_PERIODS: Final = {"month": "2026-02", "quarter": QUARTER, "year": "2025"}
_COPY_INTERVAL: Final = 20  # days between copies of the log
# Copies these cells to all other periods, so that reads search a table of realistic size.
_COPY_CELLS: Final = """
insert into fcr.{table} select (jsonb_populate_record(c, jsonb_build_object('period', p.period))).*
from fcr.{table} c join reference.period p using (period_kind)
where p.first_day between date '2017-07-01' and $1 on conflict do nothing
"""


async def reading_contacts(stage: Stage, events: list[Event], sizes: Sizes, report: Callable[[str], None]) -> Reading:
    """Read every view of a county's quarter, over all channels and segments; compute the cells of each period kind."""
    started = time.perf_counter()
    database = await stage.database()
    await apply_events(stage, FCR, database, salted(events, "reading."), "reading.")
    await rebuild_buckets(database, FCR, check=True)
    async with without_indexes(database, "fcr.contact"):
        await grow(stage, FCR, database, sizes.reading, scattered=False, interval=_COPY_INTERVAL)
    report("contacts copied")
    await rebuild_buckets(database, FCR, check=False)
    await stage.execute(database, "truncate fcr.stale", "vacuum analyze", "checkpoint")
    found = Reading("contacts", await _contacts(database), time.perf_counter() - started)
    report(f"{found.facts} contacts loaded in {found.loading_s:.0f} s")
    for kind, period in _PERIODS.items():
        found.counts[kind] = await _count(stage, database, kind, period, sizes.rounds)
        report(f"cells of a {kind}: {found.counts[kind].median_ms:.0f} ms")
    await _copy_cells_to_other_periods(stage, database)
    async with session(database.dsn("hva_steward")) as connection:
        for view in VIEWS:
            found.views[view] = await read_view(connection, view)
            report(summary_line(view, found.views[view]))
    await stage.drop(database)
    return found


async def _contacts(database: Database) -> int:
    async with session(database.dsn()) as connection:
        return int(await connection.fetchval("select count(*) from fcr.contact"))


async def _count(stage: Stage, database: Database, kind: str, period: str, times: int) -> Timed:
    """Time the service's own job on one stale period."""
    pool = await make_pool(database.dsn("hva_fcr"), "bench-reading", size=1)
    taken = []
    try:
        for _ in range(times):
            await stage.execute(database, f"insert into fcr.stale values ('{COUNTY}', '{kind}', '{period}')")
            started = time.perf_counter()
            await Cells(pool, unshared, 1).refresh_now()
            taken.append((time.perf_counter() - started) * 1000)
        rows = await pool.fetchval(
            "select (select count(*) from fcr.client_cell where county = $1 and period_kind = $2 and period = $3) + "
            "(select count(*) from fcr.revolving_cell where county = $1 and period_kind = $2 and period = $3)",
            *(COUNTY, kind, period),
        )
    finally:
        await pool.close()
    return Timed(median(taken), max(taken), int(rows))


async def _copy_cells_to_other_periods(stage: Stage, database: Database) -> None:
    async with session(database.dsn(), synchronous_commit="off") as connection:
        for table in ("client_cell", "revolving_cell"):
            await connection.execute(_COPY_CELLS.format(table=table), UNTIL)
    await stage.execute(database, "vacuum analyze", "checkpoint")
