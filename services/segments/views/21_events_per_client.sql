-- Service events of the members of the multidisciplinary segment. The clients of the headline are those of the whole
-- county at every level, so that the contributions of units add up to the county's figure.
-- Nothing of it is stored: every member of the period is looked up among the events by his own days. What is counted
-- at a place is summed before places become scopes; only the clients behind it are told apart in every scope.
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
  with of_place as (
    select m.person, e.unit_row, count(*) filter (where e.day >= m.first and e.day < m.until) as member_events,
           count(*) filter (where p.first_day <= p.known_until and m.first <= p.known_until and m.until > p.known_until)
             as cohort_events
    from segments.membership m
    join segments.service_event e on e.done and e.person = m.person and e.day >= p.first_day and e.day <= p.last_day
    where m.county = p.county and m.first <= p.last_day and m.until > p.first_day
    group by m.person, e.unit_row
  )
  select scope_level, scope, sum(member_events)::bigint as member_events, sum(cell_clients)::bigint as cell_clients,
         sum(cohort_events)::bigint as cohort_events
  from (
    select s.scope_level, s.scope, o.member_events, o.cohort_events, 0 as cell_clients
    from (
      select unit_row, sum(member_events) as member_events, sum(cohort_events) as cohort_events
      from of_place group by unit_row) o
    join reference.unit_scope s on s.unit_row = o.unit_row
    union all
    select scope_level, scope, 0, 0, count(*)
    from (
      select distinct s.scope_level, s.scope, o.person
      from of_place o join reference.unit_scope s on s.unit_row = o.unit_row
      where o.member_events > 0) behind
    group by scope_level, scope
    union all
    select 'county', p.county, 0, 0, 0  -- the county has its row where members have no events too
  ) told
  group by scope_level, scope
  having sum(member_events) > 0 or sum(cohort_events) > 0 or scope_level = 'county' and t.segment_clients > 0
) c;
grant select on figures.events_per_client to hva_segments;
