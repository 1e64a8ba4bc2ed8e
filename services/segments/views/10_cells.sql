-- What the views of the family share: the periods that a county has figures of, and the sums of buckets by all keys of
-- the contract. Month buckets serve months, quarters and years with every segment; day buckets serve days, where
-- segment is 'all'. All conditions on keys reach the buckets.

drop view if exists segments.period, segments.care_cell, segments.suuntima_cell cascade;

-- For how many days after it an assessment stands behind the stock.
create or replace function segments.stock_days()
  returns integer language sql immutable parallel safe
  return 365;

-- The periods of a county from the first that figures are told of to the one of the as-of day, or of the last event
-- where that is later: an as-of time hides no fact. `known_until` is the last of the days that stocks and members are
-- told of; it is before `first_day` where the whole period is still to come.
-- Days are made before buckets are read: a day's name finds its few rows then, and a month's name none at all.
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
  offset 0  -- planned by itself and read once a county: merged into the query, the as-of day is computed for each row
) latest(known, day)
cross join lateral (
  select p.period_kind, p.period, p.first_day, p.last_day
  from reference.period p
  where p.last_day >= rule.figures_from and p.first_day <= latest.day
  union all
  select 'day' as period_kind, to_char(d.day, 'YYYY-MM-DD') as period, d.day as first_day, d.day as last_day
  from generate_series(0, latest.day - rule.figures_from) n, lateral (select rule.figures_from + n) d(day)
) p;

-- A period of a county is summed by itself, since the planner takes the months of all periods for hardly any, and sorts
-- then what it had better hash. Sums by sector and by class of a unit row come first, out of every bucket twice: there
-- are few of them, however many sectors, classes and segments a unit row has. Scopes come next, and codes 'all' last.
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
        select unit_row, null, sector, event_class, events
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
