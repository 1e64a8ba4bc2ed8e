-- Service events of the members of the multidisciplinary segment. The clients of the headline are those of the whole
-- county at every level, so that the contributions of units add up to the county's figure.
-- Nothing of it is stored: every member of the period is looked up among the events by his own days. What is counted
-- of a person at a place is summed before places become scopes.
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
  select scope_level, scope, sum(member_events)::bigint as member_events,
         count(*) filter (where member_events > 0) as cell_clients, sum(cohort_events)::bigint as cohort_events
  from (
    select s.scope_level, s.scope, m.person, sum(e.member_events) as member_events,
           sum(case when p.first_day <= p.known_until and m.first <= p.known_until and m.until > p.known_until
                    then e.events else 0 end) as cohort_events
    from segments.membership m
    cross join lateral (
      select e.unit_row, count(*) as events,
             count(*) filter (where e.day >= m.first and e.day < m.until) as member_events
      from segments.service_event e
      where e.done and e.person = m.person and e.day >= p.first_day and e.day <= p.last_day
      group by e.unit_row) e
    join reference.unit_scope s on s.unit_row = e.unit_row
    where m.county = p.county and m.first <= p.last_day and m.until > p.first_day
    group by s.scope_level, s.scope, m.person
    union all
    select 'county', p.county, null, 0, 0  -- the county has its row where members have no events too
  ) of_person
  group by scope_level, scope
  having sum(member_events) > 0 or sum(cohort_events) > 0 or scope_level = 'county' and t.segment_clients > 0
) c;
grant select on figures.events_per_client to hva_segments;
