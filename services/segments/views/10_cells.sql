-- What the views of the family share: the periods that a county has figures of, and the sums of buckets by all keys of
-- the contract. Month buckets serve months, quarters and years with every segment; day buckets serve days, where
-- segment is 'all'. All conditions on keys reach the buckets.

drop view if exists segments.period, segments.care_place, segments.care_kind, segments.care_cell,
  segments.suuntima_place, segments.suuntima_cell cascade;

-- The periods of a county from the first that figures are told of to the one of the as-of day, or of the last event
-- where that is later: an as-of time hides no fact. `known_until` is the last of the days that stocks and members are
-- told of; it is before `first_day` where the whole period is still to come.
-- Days are made before buckets are read: a day's name finds its few rows then, and a month's name none at all.
create view segments.period as
select c.county, p.period_kind, p.period, p.first_day, p.last_day,
       least(p.last_day, reference.as_of_day()) as known_until
from (select distinct county from reference.unit_row) c
cross join (select figures_from from reference.segment_rule) rule
cross join lateral (
  select greatest(
    reference.as_of_day(),
    (select max(e.day) from segments.service_event e where e.county = c.county and e.day is not null),
    (select max(a.day) from segments.assessment a where a.county = c.county and a.day is not null))
  offset 0  -- once a county, not once a period
) latest(day)
cross join lateral (
  select p.period_kind, p.period, p.first_day, p.last_day
  from reference.period p
  where p.last_day >= rule.figures_from and p.first_day <= latest.day
  union all
  select 'day', to_char(d.day, 'YYYY-MM-DD'), d.day, d.day
  from generate_series(0, latest.day - rule.figures_from) n, lateral (select rule.figures_from + n) d(day)
) p;

-- Sums by unit row come first, and those over the codes before those over scopes, since a unit row counts in six.
create view segments.care_place as
select b.county, p.period_kind, p.period, p.last_day, b.unit_row, b.segment, b.sector, b.event_class,
       sum(b.events) as events
from segments.care_month b
join reference.period_month p on p.month = b.month
where p.last_day >= (select figures_from from reference.segment_rule)
group by b.county, p.period_kind, p.period, p.last_day, b.unit_row, b.segment, b.sector, b.event_class;

create view segments.care_kind as
select p.county, p.period_kind, p.period, p.last_day, p.unit_row, g.segment, k.sector, k.event_class,
       sum(p.events) as events
from segments.care_place p
cross join lateral (values ('all'), (p.segment)) g(segment)
cross join lateral (values ('all', 'all'), (p.sector, 'all'), ('all', p.event_class)) k(sector, event_class)
group by p.county, p.period_kind, p.period, p.last_day, p.unit_row, g.segment, k.sector, k.event_class
union all
select p.county, p.period_kind, p.period, p.last_day, b.unit_row, 'all', k.sector, k.event_class, sum(b.events)
from segments.period p
join segments.care_day b on b.county = p.county and b.day = p.first_day
cross join lateral (values ('all', 'all'), (b.sector, 'all'), ('all', b.event_class)) k(sector, event_class)
where p.period_kind = 'day'
group by p.county, p.period_kind, p.period, p.last_day, b.unit_row, k.sector, k.event_class;

create view segments.care_cell as
select k.county, k.period_kind, k.period, k.last_day, s.scope_level, s.scope, k.segment, k.sector, k.event_class,
       sum(k.events)::bigint as events
from segments.care_kind k
join reference.unit_scope s on s.unit_row = k.unit_row
group by k.county, k.period_kind, k.period, k.last_day, s.scope_level, s.scope, k.segment, k.sector, k.event_class;

create view segments.suuntima_place as
select b.county, p.period_kind, p.period, p.last_day, b.unit_row, b.battery, b.sex, b.result,
       sum(b.assessments) as assessments
from segments.suuntima_month b
join reference.period_month p on p.month = b.month
where p.last_day >= (select figures_from from reference.segment_rule)
group by b.county, p.period_kind, p.period, p.last_day, b.unit_row, b.battery, b.sex, b.result
union all
select p.county, p.period_kind, p.period, p.last_day, b.unit_row, b.battery, b.sex, b.result, b.assessments
from segments.period p
join segments.suuntima_day b on b.county = p.county and b.day = p.first_day
where p.period_kind = 'day';

create view segments.suuntima_cell as
select p.county, p.period_kind, p.period, p.last_day, s.scope_level, s.scope, k.battery, k.sex, p.result,
       sum(p.assessments)::bigint as n
from segments.suuntima_place p
join reference.unit_scope s on s.unit_row = p.unit_row
cross join lateral (values ('all', 'all'), (p.battery, 'all'), ('all', p.sex)) k(battery, sex)
group by p.county, p.period_kind, p.period, p.last_day, s.scope_level, s.scope, k.battery, k.sex, p.result;
