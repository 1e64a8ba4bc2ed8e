-- Service events of a period by the clients who were members on the last day of the period `base`, whether or not they
-- still are. The last day is the last known one, as in every figure of members. A scope has a row if it has events; the
-- county has one if there are such clients. Periods without figures have no rows.
create or replace function figures.fixed_cohort(county text, base text, period text)
  returns table (scope_level text, scope text, clients bigint, events bigint, ratio double precision)
language sql stable as $$
  select c.scope_level, c.scope, t.clients, c.events, reference.share(c.events, t.clients)
  from segments.period b
  join segments.period p on p.county = b.county and p.period = $3
  cross join lateral (
    select count(*) as clients
    from segments.membership m
    where m.county = b.county and m.first <= b.known_until and m.until > b.known_until) t
  cross join lateral (
    select scope_level, scope, sum(events)::bigint as events
    from (
      select s.scope_level, s.scope, e.events
      from (
        select e.unit_row, sum(e.events) as events
        from segments.membership m
        cross join lateral (  -- summed per member, as in events_per_client
          select unit_row, count(*) as events
          from segments.service_event
          where done and person = m.person and day >= p.first_day and day <= p.last_day
          group by unit_row) e
        where m.county = b.county and m.first <= b.known_until and m.until > b.known_until
        group by e.unit_row) e
      join reference.unit_scope s on s.unit_row = e.unit_row
      union all
      select 'county' as scope_level, b.county as scope, 0 as events where p.first_day <= p.known_until
    ) counts
    group by scope_level, scope) c
  where b.county = $1 and b.period = $2 and b.first_day <= b.known_until and t.clients > 0
$$;
