"""Stored cells: figures that count clients do not add up, so a changed period is counted again as a whole.

A batch marks in `fcr.stale` the periods of a county that it changes (`services.fcr.store.fold`). `Cells` counts them
when they are due (`services.fcr.schedule`), without the county's lock, several counties side by side. A change during a
count raises the period's `change_number`, and the period stays stale: the count may include part of that change and is
repeated.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Final

import asyncpg

from services.fcr.domain import RESOLUTION_CHANNELS, WINDOWS
from services.fcr.schedule import Period, Schedule
from shared.postgres.change_numbers import increment_change_numbers
from shared.postgres.facts import probe_each
from shared.postgres.lease import Hold
from shared.postgres.lock import Connection, lock_cells
from shared.postgres.pool import bulk_transaction


def _person_ctes(keys: Sequence[str], values: str) -> str:
    """Return the CTEs of both counts: `combination`, `cell` and `person_combination`, from the CTE `contact`.

    `keys` are the keys of cells other than scopes; `values` are their values under which a row `c` counts. A
    combination is a distinct unit row, line and keys, and determines the cells of a contact. Most persons have all
    contacts of a period in one combination: these are counted per combination, and the counts are summed per cell. The
    other persons are counted per cell, once in each. The contact with the least `sort_key` decides how it counts.
    """
    names, cell_keys = ", ".join(keys), ", ".join(f"key.{name}" for name in keys)
    return f"""
combination as materialized (
  select row_number() over () as combination, * from (select distinct unit_row, line, {names} from contact) keys
),
cell as materialized (
  select c.combination, s.scope_level, s.scope, {cell_keys},
         dense_rank() over (order by s.scope_level, s.scope, {cell_keys}) as cell
  from combination c
  cross join lateral fcr.scopes_of(c.unit_row, c.line) s
  cross join lateral (values {values}) key({names})
),
person_combination as materialized (
  select person, combination, min(sort_key) as sort_key, count(*) over (partition by person) as combinations
  from contact join combination using (unit_row, line, {names})
  group by person, combination
)
""".strip()


# Counts persons with phone and chat contacts whose client and reason are known. A person's first contact decides by its
# class: the number of the smallest window in which it was repeated, or 0 if it was not.
_WINDOWS: Final = tuple(enumerate(WINDOWS, 1))
_CLASSES: Final = len(WINDOWS) + 1
_COUNT_CLIENTS: Final = f"""
insert into fcr.client_cell
  (county, period_kind, period, scope_level, scope, channel, segment, window_days, clients, clients_not_repeated)
with contact as materialized (
  select person, unit_row, line, channel, segment,
         row_number() over (order by started_at, id) * {_CLASSES} + case repeated_within
           {" ".join(f"when {days} then {number}" for number, days in _WINDOWS)} else 0 end as sort_key
  from fcr.contact
  where county = $1 and day between $4 and $5 and handled and channel in {RESOLUTION_CHANNELS}
    and person is not null and reason is not null
),
{_person_ctes(("channel", "segment"), "('all', 'all'), (c.channel, 'all'), ('all', c.segment)")},
counted as (
  select cell, single.class, single.clients
  from (
    select combination, sort_key % {_CLASSES} as class, count(*) as clients
    from person_combination where combinations = 1 group by 1, 2) single
  join cell using (combination)
  union all
  select cell, sort_key % {_CLASSES} as class, count(*) as clients
  from (
    select person, cell, min(sort_key) as sort_key
    from person_combination join cell using (combination) where combinations > 1 group by 1, 2) several
  group by 1, 2
)
select $1, $2, $3, k.scope_level, k.scope, k.channel, k.segment, w.days,
       sum(clients), coalesce(sum(clients) filter (where class = 0 or class > w.number), 0)
from counted
join (select distinct cell, scope_level, scope, channel, segment from cell) k using (cell)
cross join (values {", ".join(map(str, _WINDOWS))}) w(number, days)
group by k.scope_level, k.scope, k.channel, k.segment, w.days
"""
# Counts persons with handled contacts. The `sort_key` of a contact is 0 if the person had at least three of them in the
# 30 days of 24 hours up to it, else 1. A person with a 0 in a cell is a revolving client there.
_COUNT_REVOLVING: Final = f"""
insert into fcr.revolving_cell
  (county, period_kind, period, scope_level, scope, segment, clients, revolving_clients)
with near as (
  select person, day, unit_row, line, segment,
         (count(*) over (partition by person order by started_at
                         range between interval '719 hours 59 minutes 59.999999 seconds' preceding
                               and current row) < 3)::int as sort_key
  from fcr.contact
  where county = $1 and day between $4::date - 32 and $5 and handled and person is not null
),
contact as materialized (select * from near where day >= $4),
{_person_ctes(("segment",), "('all'), (c.segment)")},
counted as (
  select cell, single.clients, single.revolving
  from (
    select combination, count(*) as clients, count(*) filter (where sort_key = 0) as revolving
    from person_combination where combinations = 1 group by 1) single
  join cell using (combination)
  union all
  select cell, count(*) as clients, count(*) filter (where sort_key = 0) as revolving
  from (
    select person, cell, min(sort_key) as sort_key
    from person_combination join cell using (combination) where combinations > 1 group by 1, 2) several
  group by 1
)
select $1, $2, $3, k.scope_level, k.scope, k.segment, sum(clients), sum(revolving)
from counted
join (select distinct cell, scope_level, scope, segment from cell) k using (cell)
group by k.scope_level, k.scope, k.segment
"""
_DELETE_CELLS: Final = "delete from fcr.{table} where county = $1 and period_kind = $2 and period = $3"
_INSERT_CELLS: Final = {"client_cell": _COUNT_CLIENTS, "revolving_cell": _COUNT_REVOLVING}

# Runs every second. It probes once per stale period, independent of the planner's estimates.
_PERIOD_DAYS: Final = "select * from reference.period p where p.period_kind = s.period_kind and p.period = s.period"
_STALE: Final = f"""
select s.county, s.period_kind, s.period, p.first_day, p.last_day, s.change_number, s.computed_number
{probe_each("fcr.stale s", _PERIOD_DAYS, "p")}
order by array_position(array['month', 'quarter', 'year'], s.period_kind), s.since, s.county
"""
# Periods that have cells, or should have them, and are not stale.
_CURRENT_PERIODS: Final = """
select c.county, c.period_kind, c.period, p.first_day, p.last_day
from (select distinct county, period_kind, period from fcr.revolving_cell where county = $1
      union
      select distinct county, period_kind, period from fcr.client_cell where county = $1
      union
      select county, period_kind, period
      from (select distinct county, month from fcr.handled_month where county = $1 and handled > 0) handled
      join reference.period_month using (month)) c
join reference.period p using (period_kind, period)
where not exists (
  select from fcr.stale s where (s.county, s.period_kind, s.period) = (c.county, c.period_kind, c.period))
order by 1, 2, 3
"""
_CHANGE_NUMBER: Final = "select change_number from fcr.stale where county = $1 and period_kind = $2 and period = $3"
_COMPUTED_NUMBER: Final = "select computed_number from fcr.stale where county = $1 and period_kind = $2 and period = $3"
_CLEAR_STALE: Final = (
    "delete from fcr.stale where county = $1 and period_kind = $2 and period = $3 and change_number = $4"
)
_SET_COMPUTED: Final = (
    "update fcr.stale set computed_number = $4 where county = $1 and period_kind = $2 and period = $3"
)

_TIMEOUT_S: Final = 600


class Cells:
    """Keeps the stored cells of the family up to date: of `side_by_side` counties at a time, each under a lease."""

    def __init__(
        self,
        pool: "asyncpg.Pool[asyncpg.Record]",
        hold: Hold,
        side_by_side: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool, self._hold, self._clock = pool, hold, clock
        self._places = asyncio.Semaphore(side_by_side)
        self._schedule = Schedule()

    async def refresh(self) -> None:
        """Count every stale period that is due, in a county shorter ones first. A failure does not stop the others."""
        await self._refresh_all(self._schedule.due(await self._pool.fetch(_STALE), self._clock()))

    async def refresh_now(self) -> None:
        """Count every stale period, due or not."""
        await self._refresh_all(await self._pool.fetch(_STALE))

    async def _refresh_all(self, stale: Sequence[Any]) -> None:
        counties: dict[str, list[Any]] = defaultdict(list)
        for row in stale:
            counties[row["county"]].append(row)
        ends = await asyncio.gather(*(self._refresh(*of) for of in counties.items()), return_exceptions=True)
        for failed in filter(None, ends):
            raise failed

    async def _refresh(self, county: str, stale: Sequence[Any]) -> None:
        """Count stale periods of a county unless another replica does."""
        failed: Exception | None = None
        async with self._places, self._hold("cells", county) as held:
            for row in stale if held else ():
                period = tuple(row)[:3]
                try:
                    async with self._pool.acquire() as connection:
                        # Another replica may have counted it before this one got the lease.
                        if await connection.fetchval(_COMPUTED_NUMBER, *period) == row["computed_number"]:
                            await self._count(connection, period, tuple(row)[3:5])
                except (asyncpg.PostgresError, TimeoutError) as error:
                    self._schedule.failed(period, self._clock())
                    failed = error
        if failed is not None:
            raise failed

    async def check(self, county: str, repair: bool) -> tuple[int, int]:
        """Count every period of a county that is not stale again; returns the number of cells and of wrong ones.

        With `repair`, wrong cells are replaced; otherwise nothing changes.
        """
        checked = wrong = 0
        async with self._pool.acquire() as connection:
            for row in await connection.fetch(_CURRENT_PERIODS, county):
                cells, differ = await self._check(connection, tuple(row)[:3], tuple(row)[3:], repair)
                checked, wrong = checked + cells, wrong + differ
        return checked, wrong

    async def _check(
        self, connection: Connection, period: Period, days: tuple[object, ...], repair: bool
    ) -> tuple[int, int]:
        checked = wrong = 0
        async with bulk_transaction(connection, _TIMEOUT_S):
            await lock_cells(connection, period[0])
            await connection.execute("savepoint before")
            for table, count in _INSERT_CELLS.items():
                before = await connection.fetch(f"{_DELETE_CELLS.format(table=table)} returning *", *period)
                after = await connection.fetch(f"{count} returning *", *period, *days, timeout=_TIMEOUT_S)
                checked += len(after)
                was, now = ({tuple(row)[:-2]: tuple(row)[-2:] for row in rows} for rows in (before, after))
                wrong += sum(was.get(cell) != now.get(cell) for cell in was | now)
            # A concurrent change made the period stale: it is counted again, and its differences are no errors.
            stale = await connection.fetchval(_CHANGE_NUMBER, *period) is not None
            if stale or not repair:
                await connection.execute("rollback to savepoint before")
        return (0, 0) if stale else (checked, wrong)

    async def _count(self, connection: Connection, period: Period, days: tuple[object, ...]) -> None:
        started = self._clock()
        async with bulk_transaction(connection, _TIMEOUT_S):
            await lock_cells(connection, period[0])
            change_number = await connection.fetchval(_CHANGE_NUMBER, *period)
            for table, count in _INSERT_CELLS.items():
                await connection.execute(_DELETE_CELLS.format(table=table), *period)
                await connection.execute(count, *period, *days, timeout=_TIMEOUT_S)
            await increment_change_numbers(connection, "fcr", period[0], {int(period[2][:4])})
            if await connection.execute(_CLEAR_STALE, *period, change_number) == "DELETE 0":
                await connection.execute(_SET_COMPUTED, *period, change_number)
        self._schedule.counted(period, started, self._clock())
