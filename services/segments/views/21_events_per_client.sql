-- Service events of the members of the multidisciplinary segment. At every level the headline divides by the members of
-- the whole county, so that the shares of units add up to the county's figure.
-- Nothing is stored. A lateral join reads the events of each member of a month, quarter or year by their own days and
-- sums them by unit row, independent of the planner's estimates. On a day few members have events, so the events of the
-- day are read instead. Counts are summed by unit row before unit rows become scopes.
-- Clients do not add up: persons with the same set of unit rows are counted together, and each set once per scope.
create view figures.events_per_client as
select p.county, p.period_kind, p.period, c.scope_level, c.scope, 'all' as channel, 'all' as segment,
       c.member_events, t.segment_clients, reference.share(c.member_events, t.segment_clients) as events_per_client,
       c.cell_clients, reference.share(c.member_events, c.cell_clients) as events_per_cell_client,
       t.member_days, t.days, reference.share(c.member_events * t.days, t.member_days) as person_time,
       c.cohort_events, t.cohort_clients, reference.share(c.cohort_events, t.cohort_clients) as cohort_ratio,
       reference.state_of(p.last_day) as state
from segments.period p
cross join lateral (
  select greatest(p.known_until - p.first_day + 1, 0)::bigint as days,
         count(distinct m.person) as segment_clients,
         coalesce(sum(least(m.until, p.known_until + 1) - greatest(m.first, p.first_day)), 0)::bigint as member_days,
         count(*) filter (where m.until > p.known_until) as cohort_clients
  from segments.membership m
  where m.county = p.county and m.first <= p.known_until and m.until > p.first_day and p.first_day <= p.known_until
) t
cross join lateral (
  with by_unit_row as (
    select m.person, e.unit_row, e.member_events,
           case when p.first_day <= p.known_until and m.first <= p.known_until and m.until > p.known_until
                then e.events else 0 end as cohort_events
    from segments.membership m
    cross join lateral (
      select unit_row, count(*) as events, count(*) filter (where day >= m.first and day < m.until) as member_events
      from segments.service_event
      where done and person = m.person and day >= p.first_day and day <= p.last_day
      group by unit_row) e
    where m.county = p.county and m.first <= p.last_day and m.until > p.first_day and p.period_kind <> 'day'
    union all
    select e.person, e.unit_row, count(*) as member_events,
           case when p.first_day <= p.known_until and m.until > p.known_until then count(*) else 0 end as cohort_events
    from segments.service_event e
    cross join lateral (
      select until from segments.membership
      where county = p.county and person = e.person and first <= p.first_day and until > p.first_day) m
    where e.done and e.county = p.county and e.day = p.first_day and p.period_kind = 'day'
    group by e.person, e.unit_row, m.until
  ), unit_row_sets as (
    select unit_rows, count(*) as clients, row_number() over () as number
    from (
      select array_agg(distinct unit_row) as unit_rows
      from by_unit_row where member_events > 0 group by person) per_person
    group by unit_rows
  )
  select scope_level, scope, sum(member_events)::bigint as member_events, sum(cell_clients)::bigint as cell_clients,
         sum(cohort_events)::bigint as cohort_events
  from (
    select s.scope_level, s.scope, o.member_events, o.cohort_events, 0 as cell_clients
    from (
      select unit_row, sum(member_events) as member_events, sum(cohort_events) as cohort_events
      from by_unit_row group by unit_row) o
    join reference.unit_scope s on s.unit_row = o.unit_row
    union all
    select scope_level, scope, 0 as member_events, 0 as cohort_events, clients as cell_clients
    from (
      select distinct s.scope_level, s.scope, u.number, u.clients
      from unit_row_sets u
      cross join unnest(u.unit_rows) o(unit_row)
      join reference.unit_scope s on s.unit_row = o.unit_row) distinct_sets
    union all
    -- The county has a row even if its members have no events.
    select 'county' as scope_level, p.county as scope, 0 as member_events, 0 as cohort_events, 0 as cell_clients
  ) counts
  group by scope_level, scope
  having sum(member_events) > 0 or sum(cohort_events) > 0 or scope_level = 'county' and t.segment_clients > 0
) c;
grant select on figures.events_per_client to hva_segments;
