-- What the views of the family share: the periods for which a county has figures, and the buckets summed under every
-- combination of keys (docs/figures.md, Keys of every view). Months, quarters and years use month buckets, with every
-- segment; days use day buckets, where segment is 'all'. Conditions on keys are pushed down to the buckets.

drop view if exists segments.period, segments.care_cell, segments.suuntima_cell cascade;

-- The number of days for which an assessment counts in the stock.
create or replace function segments.stock_days()
  returns integer language sql immutable parallel safe
  return 365;

-- The periods of a county, from `figures_from` to the period of the as-of day, or of the last event if that is later:
-- an as-of time hides no fact. `known_until` is the last day of the period for which stocks and members are known; it
-- is before `first_day` if the whole period is in the future.
-- Days are generated before buckets are read, so that a condition on a day's name reads only its few rows, and one on a
-- month's name reads none.
create view segments.period as
select c.county, p.period_kind, p.period, p.first_day, p.last_day,
       least(p.last_day, latest.known) as known_until
from (select distinct county from reference.unit_row) c
cross join (select figures_from from reference.segment_rule) rule
cross join lateral (
  select reference.as_of_day(), greatest(
    reference.as_of_day(),
    (select max(e.day) from segments.service_event e where e.county = c.county and e.day is not null),
    (select max(a.day) from segments.assessment a where a.county = c.county and a.day is not null))
  offset 0  -- a planner fence: without it, the as-of day is computed once per row and not once per county
) latest(known, day)
cross join lateral (
  select p.period_kind, p.period, p.first_day, p.last_day
  from reference.period p
  where p.last_day >= rule.figures_from and p.first_day <= latest.day
  union all
  select 'day' as period_kind, to_char(d.day, 'YYYY-MM-DD') as period, d.day as first_day, d.day as last_day
  from generate_series(0, latest.day - rule.figures_from) n, lateral (select rule.figures_from + n) d(day)
) p;

-- A lateral join sums each period of a county separately: for all periods at once the planner underestimates the number
-- of months and sorts instead of hashing. Buckets are first summed by sector and by class of a unit row, each bucket
-- twice: this gives few rows, however many sectors, classes and segments a unit row has. Scopes follow, and codes 'all'
-- come last.
create view segments.care_cell as
select p.county, p.period_kind, p.period, p.last_day, c.scope_level, c.scope, c.segment, c.sector, c.event_class,
       c.events
from segments.period p
cross join lateral (
  select s.scope_level, s.scope, g.segment, k.sector, k.event_class, sum(s.events)::bigint as events
  from (
    select u.scope_level, u.scope, r.segment, r.sector, r.event_class, sum(r.events)::bigint as events
    from (
      select unit_row, segment, sector, event_class, sum(events)::bigint as events
      from (
        select unit_row, segment, sector, event_class, events
        from segments.care_month
        where p.period_kind <> 'day' and county = p.county and month >= p.first_day and month <= p.last_day
        union all
        select unit_row, null as segment, sector, event_class, events
        from segments.care_day
        where p.period_kind = 'day' and county = p.county and day = p.first_day) b
      group by unit_row, segment, grouping sets ((sector), (event_class))) r
    join reference.unit_scope u on u.unit_row = r.unit_row
    group by u.scope_level, u.scope, r.segment, r.sector, r.event_class) s
  cross join lateral (select 'all' union all select s.segment where s.segment is not null) g(segment)
  cross join lateral (
    select coalesce(s.sector, 'all'), coalesce(s.event_class, 'all')
    union all
    select 'all', 'all' where s.sector is not null) k(sector, event_class)
  group by s.scope_level, s.scope, g.segment, k.sector, k.event_class) c;

create view segments.suuntima_cell as
select p.county, p.period_kind, p.period, p.last_day, c.scope_level, c.scope, c.battery, c.sex, c.result, c.n
from segments.period p
cross join lateral (
  select s.scope_level, s.scope, k.battery, k.sex, s.result, sum(s.assessments)::bigint as n
  from (
    select u.scope_level, u.scope, r.battery, r.sex, r.result, sum(r.assessments)::bigint as assessments
    from (
      select unit_row, battery, sex, result, sum(assessments)::bigint as assessments
      from (
        select unit_row, battery, sex, result, assessments
        from segments.suuntima_month
        where p.period_kind <> 'day' and county = p.county and month >= p.first_day and month <= p.last_day
        union all
        select unit_row, battery, sex, result, assessments
        from segments.suuntima_day
        where p.period_kind = 'day' and county = p.county and day = p.first_day) b
      group by unit_row, result, grouping sets ((battery), (sex))) r
    join reference.unit_scope u on u.unit_row = r.unit_row
    group by u.scope_level, u.scope, r.battery, r.sex, r.result) s
  cross join lateral (
    select coalesce(s.battery, 'all'), coalesce(s.sex, 'all')
    union all
    select 'all', 'all' where s.battery is not null) k(battery, sex)
  group by s.scope_level, s.scope, k.battery, k.sex, s.result) c;
