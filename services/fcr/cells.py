"""Figures that count clients, which do not add up: cells of whole periods, counted anew when a change touches them.

A batch says in `fcr.stale` which periods of a county it touched (`services.fcr.store.fold`); here those are counted
beside the batches, without the county's lock, each in one transaction of one snapshot. A change that comes meanwhile
raises the period's mark, and it stays stale.
"""

import time
from collections.abc import Callable
from typing import Final

import asyncpg

from shared.postgres.lock import Connection
from shared.postgres.pool import counting

# Of phone and chat contacts whose client and reason are known: for every person and cell the first one of the period,
# and within how many days it was repeated, packed into its number: number * 4 + 0 (not at all), 1, 2 or 3.
_COUNT_CLIENTS: Final = """
insert into fcr.client_cell
  (county, period_kind, period, scope_level, scope, channel, segment, window_days, clients, clients_not_repeated)
with contact as materialized (
  select person, unit_row, line, channel, segment,
         row_number() over (order by started_at, id) * 4 + case repeated_within
           when 1 then 1 when 7 then 2 when 30 then 3 else 0 end as first
  from fcr.contact
  where county = $1 and day between $4 and $5 and handled and channel in ('phone', 'chat')
    and person is not null and reason is not null
),
place as (
  select person, unit_row, line, channel, segment, min(first) as first
  from contact group by person, unit_row, line, channel, segment
),
client as (
  select p.person, s.scope_level, s.scope, k.channel, k.segment, min(p.first) as first
  from place p
  cross join lateral fcr.scopes_of(p.unit_row, p.line) s
  cross join lateral (values ('all', 'all'), (p.channel, 'all'), ('all', p.segment)) k(channel, segment)
  group by p.person, s.scope_level, s.scope, k.channel, k.segment
)
select $1, $2, $3, scope_level, scope, channel, segment, w.days,
       count(*), count(*) filter (where first % 4 = 0 or first % 4 > w.place)
from client cross join (values (1, 1), (2, 7), (3, 30)) w(place, days)
group by scope_level, scope, channel, segment, w.days
"""
# A contact is revolving when its person had at least three handled ones in the 30 days of 24 hours up to it.
_COUNT_REVOLVING: Final = """
insert into fcr.revolving_cell
  (county, period_kind, period, scope_level, scope, segment, clients, revolving_clients)
with contact as materialized (
  select person, day, unit_row, line, segment,
         count(*) over (partition by person order by started_at
                        range between interval '719 hours 59 minutes 59.999999 seconds' preceding
                              and current row) >= 3 as revolving
  from fcr.contact
  where county = $1 and day between $4::date - 32 and $5 and handled and person is not null
),
place as (
  select person, unit_row, line, segment, bool_or(revolving) as revolving
  from contact where day >= $4 group by person, unit_row, line, segment
),
client as (
  select p.person, s.scope_level, s.scope, k.segment, bool_or(p.revolving) as revolving
  from place p
  cross join lateral fcr.scopes_of(p.unit_row, p.line) s
  cross join lateral (values ('all'), (p.segment)) k(segment)
  group by p.person, s.scope_level, s.scope, k.segment
)
select $1, $2, $3, scope_level, scope, segment, count(*), count(*) filter (where revolving)
from client group by scope_level, scope, segment
"""
_FORGET: Final = "delete from fcr.{table} where county = $1 and period_kind = $2 and period = $3"
_COUNTS: Final = {"client_cell": _COUNT_CLIENTS, "revolving_cell": _COUNT_REVOLVING}

# Asked twice a second: one probe for each stale period, whatever the planner believes (`shared.postgres.facts.probes`).
_STALE: Final = """
select s.county, s.period_kind, s.period, p.first_day, p.last_day
from fcr.stale s
cross join lateral (
  select * from reference.period p where p.period_kind = s.period_kind and p.period = s.period offset 0) p
order by array_position(array['month', 'quarter', 'year'], s.period_kind), s.since, s.county
"""
_MARK: Final = "select mark from fcr.stale where county = $1 and period_kind = $2 and period = $3"
_FRESH: Final = "delete from fcr.stale where county = $1 and period_kind = $2 and period = $3 and mark = $4"

_LOCK: Final = 0x6876_6163_656C_6C73  # whoever holds it counts cells; the other replicas need not
_LONGEST_S: Final = 600
# A busy period is counted anew after ten times what that took, so that counting takes a tenth of a core at most, but
# after 15 seconds at the latest, so that figures are never half a minute old.
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
        """Count every stale period that has rested, the shorter ones first."""
        async with self._pool.acquire() as connection:
            stale = await connection.fetch(_STALE)
            for row in stale:
                period: Period = (row["county"], row["period_kind"], row["period"])
                if self._clock() >= self._rests_until.get(period, 0.0):
                    await self._count(connection, period, (row["first_day"], row["last_day"]))
        kept = {(row["county"], row["period_kind"], row["period"]) for row in stale}
        self._rests_until = {period: until for period, until in self._rests_until.items() if period in kept}

    async def _count(self, connection: Connection, period: Period, days: tuple[object, object]) -> None:
        started = self._clock()
        async with counting(connection, _LONGEST_S):
            if not await connection.fetchval("select pg_try_advisory_xact_lock($1)", _LOCK):
                return
            mark = await connection.fetchval(_MARK, *period)
            for table, count in _COUNTS.items():
                await connection.execute(_FORGET.format(table=table), *period)
                await connection.execute(count, *period, *days, timeout=_LONGEST_S)
            await connection.execute(_FRESH, *period, mark)
        ended = self._clock()
        self._rests_until[period] = ended + min(_REST_FACTOR * (ended - started), _LONGEST_REST_S)
