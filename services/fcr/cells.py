"""Figures that count clients, which do not add up: cells of whole periods, counted anew when a change touches them.

A batch says in `fcr.stale` which periods of a county it touched (`services.fcr.store.fold`); here those are counted
beside the batches, without the county's lock. A change that comes meanwhile raises the period's mark, and it stays
stale: what was counted may hold some of that change, and is counted again.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

import asyncpg

from services.fcr.domain import RESOLVING, WINDOWS
from shared.postgres.facts import probe_each
from shared.postgres.lock import Connection
from shared.postgres.pool import bulk_transaction
from shared.postgres.touched import touch


def _persons(keys: Sequence[str], values: str) -> str:
    """SQL that both counts share: `person_combination`, the persons of the rows of `contact`, and `cell`, the cells.

    `keys` are the keys of cells beside scopes, `values` those under which a row `c` of `contact` counts. A combination
    is what the cells of a contact follow from. Most persons have all their contacts of a period in one combination:
    they are counted by combination, and only these counts are added up by cell. The others are counted cell by cell,
    once in each. The contact with the least `number` decides what the person counts.
    """
    names, of_cell = ", ".join(keys), ", ".join(f"k.{key}" for key in keys)
    return f"""
combination as materialized (
  select row_number() over () as combination, * from (select distinct unit_row, line, {names} from contact) every
),
cell as materialized (
  select c.combination, s.scope_level, s.scope, {of_cell},
         dense_rank() over (order by s.scope_level, s.scope, {of_cell}) as cell
  from combination c
  cross join lateral fcr.scopes_of(c.unit_row, c.line) s
  cross join lateral (values {values}) k({names})
),
person_combination as materialized (
  select person, combination, min(number) as number, count(*) over (partition by person) as combinations
  from contact join combination using (unit_row, line, {names})
  group by person, combination
)
""".strip()


# Of phone and chat contacts whose client and reason are known. The first in time decides by its class: the number of
# the least window in which it was repeated, 0 where in none.
_WINDOWS: Final = tuple(enumerate(WINDOWS, 1))
_CLASSES: Final = len(WINDOWS) + 1
_COUNT_CLIENTS: Final = f"""
insert into fcr.client_cell
  (county, period_kind, period, scope_level, scope, channel, segment, window_days, clients, clients_not_repeated)
with contact as materialized (
  select person, unit_row, line, channel, segment,
         row_number() over (order by started_at, id) * {_CLASSES} + case repeated_within
           {" ".join(f"when {days} then {number}" for number, days in _WINDOWS)} else 0 end as number
  from fcr.contact
  where county = $1 and day between $4 and $5 and handled and channel in {RESOLVING}
    and person is not null and reason is not null
),
{_persons(("channel", "segment"), "('all', 'all'), (c.channel, 'all'), ('all', c.segment)")},
counted as (
  select cell, single.class, single.clients
  from (
    select combination, number % {_CLASSES} as class, count(*) as clients
    from person_combination where combinations = 1 group by 1, 2) single
  join cell using (combination)
  union all
  select cell, number % {_CLASSES} as class, count(*) as clients
  from (
    select person, cell, min(number) as number
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
# Of all handled contacts whose client is known. The number of a contact is 0 where the person had at least three of
# them in the 30 days of 24 hours up to it, else 1: a person with a 0 in a cell is a revolving client there.
_COUNT_REVOLVING: Final = f"""
insert into fcr.revolving_cell
  (county, period_kind, period, scope_level, scope, segment, clients, revolving_clients)
with near as (
  select person, day, unit_row, line, segment,
         (count(*) over (partition by person order by started_at
                         range between interval '719 hours 59 minutes 59.999999 seconds' preceding
                               and current row) < 3)::int as number
  from fcr.contact
  where county = $1 and day between $4::date - 32 and $5 and handled and person is not null
),
contact as materialized (select * from near where day >= $4),
{_persons(("segment",), "('all'), (c.segment)")},
counted as (
  select cell, single.clients, single.revolving
  from (
    select combination, count(*) as clients, count(*) filter (where number = 0) as revolving
    from person_combination where combinations = 1 group by 1) single
  join cell using (combination)
  union all
  select cell, count(*) as clients, count(*) filter (where number = 0) as revolving
  from (
    select person, cell, min(number) as number
    from person_combination join cell using (combination) where combinations > 1 group by 1, 2) several
  group by 1
)
select $1, $2, $3, k.scope_level, k.scope, k.segment, sum(clients), sum(revolving)
from counted
join (select distinct cell, scope_level, scope, segment from cell) k using (cell)
group by k.scope_level, k.scope, k.segment
"""
_FORGET: Final = "delete from fcr.{table} where county = $1 and period_kind = $2 and period = $3"
_COUNTS: Final = {"client_cell": _COUNT_CLIENTS, "revolving_cell": _COUNT_REVOLVING}

# Asked twice a second: one probe for each stale period, whatever the planner believes.
_DAYS: Final = "select * from reference.period p where p.period_kind = s.period_kind and p.period = s.period"
_STALE: Final = f"""
select s.county, s.period_kind, s.period, p.first_day, p.last_day
{probe_each("fcr.stale s", _DAYS, "p")}
order by array_position(array['month', 'quarter', 'year'], s.period_kind), s.since, s.county
"""
# Periods that have cells, or should have, and are not stale.
_PERIODS: Final = """
select c.county, c.period_kind, c.period, p.first_day, p.last_day
from (select distinct county, period_kind, period from fcr.revolving_cell
      union
      select distinct county, period_kind, period from fcr.client_cell
      union
      select county, period_kind, period
      from (select distinct county, month from fcr.handled_month where handled > 0) handled
      join reference.period_month using (month)) c
join reference.period p using (period_kind, period)
where not exists (
  select from fcr.stale s where (s.county, s.period_kind, s.period) = (c.county, c.period_kind, c.period))
order by 1, 2, 3
"""
_MARK: Final = "select change_number from fcr.stale where county = $1 and period_kind = $2 and period = $3"
_FRESH: Final = "delete from fcr.stale where county = $1 and period_kind = $2 and period = $3 and change_number = $4"
_COUNTED: Final = "update fcr.stale set computed_number = $4 where county = $1 and period_kind = $2 and period = $3"

_LOCK: Final = 0x6876_6163_656C_6C73  # whoever holds it counts cells; the other replicas need not
_LONGEST_S: Final = 600
# A busy period is counted anew after ten times what that took, so that counting takes a tenth of a core at most, but
# after 15 seconds at the latest, so that figures are never half a minute old unless counting takes as long.
_REST_FACTOR: Final = 10.0
_LONGEST_REST_S: Final = 15.0

Period = tuple[str, str, str]
"""County, kind of period, period."""


class Cells:
    """Keeps the stored cells of the family."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", clock: Callable[[], float] = time.monotonic) -> None:
        self._pool, self._clock = pool, clock
        self._rests_until: dict[Period, float] = {}

    async def refresh(self) -> None:
        """Count every stale period that has rested, the shorter ones first. One that fails holds up no other."""
        failed: Exception | None = None
        async with self._pool.acquire() as connection:
            stale = {(row["county"], row["period_kind"], row["period"]): row for row in await connection.fetch(_STALE)}
            for period, row in stale.items():
                if self._clock() >= self._rests_until.get(period, 0.0):
                    try:
                        await self._count(connection, period, (row["first_day"], row["last_day"]))
                    except asyncpg.PostgresError as error:
                        self._rests_until[period] = self._clock() + _LONGEST_REST_S
                        failed = error
        now = self._clock()
        self._rests_until = {period: until for period, until in self._rests_until.items() if until > now}
        if failed is not None:
            raise failed

    async def check(self, repair: bool) -> tuple[int, int]:
        """Count every period anew that is not stale: how many cells there are, and how many were wrong.

        What was wrong is right afterwards with `repair`, else as it was.
        """
        looked_at = wrong = 0
        async with self._pool.acquire() as connection:
            for row in await connection.fetch(_PERIODS):
                cells, differ = await self._check(connection, tuple(row)[:3], tuple(row)[3:], repair)
                looked_at, wrong = looked_at + cells, wrong + differ
        return looked_at, wrong

    async def _check(
        self, connection: Connection, period: Period, days: tuple[object, ...], repair: bool
    ) -> tuple[int, int]:
        looked_at = wrong = 0
        async with bulk_transaction(connection, _LONGEST_S):
            await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
            await connection.execute("savepoint before")
            for table, count in _COUNTS.items():
                before = await connection.fetch(f"{_FORGET.format(table=table)} returning *", *period)
                after = await connection.fetch(f"{count} returning *", *period, *days, timeout=_LONGEST_S)
                looked_at += len(after)
                was, now = ({tuple(row)[:-2]: tuple(row)[-2:] for row in rows} for rows in (before, after))
                wrong += sum(was.get(cell) != now.get(cell) for cell in was | now)
            # A change that came meanwhile made the period stale: it is counted anew, and says nothing here.
            stale = await connection.fetchval(_MARK, *period) is not None
            if stale or not repair:
                await connection.execute("rollback to savepoint before")
        return (0, 0) if stale else (looked_at, wrong)

    async def _count(self, connection: Connection, period: Period, days: tuple[object, object]) -> None:
        started = self._clock()
        async with bulk_transaction(connection, _LONGEST_S):
            if not await connection.fetchval("select pg_try_advisory_xact_lock($1)", _LOCK):
                return
            mark = await connection.fetchval(_MARK, *period)
            for table, count in _COUNTS.items():
                await connection.execute(_FORGET.format(table=table), *period)
                await connection.execute(count, *period, *days, timeout=_LONGEST_S)
            await touch(connection, "fcr", period[0], {int(period[2][:4])})
            if await connection.execute(_FRESH, *period, mark) == "DELETE 0":
                await connection.execute(_COUNTED, *period, mark)
        ended = self._clock()
        self._rests_until[period] = ended + min(_REST_FACTOR * (ended - started), _LONGEST_REST_S)
