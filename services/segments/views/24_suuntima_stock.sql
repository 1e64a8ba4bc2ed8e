-- Clients by the result of their latest assessment on the last known day, for segments.stock_days() after it.
create view figures.suuntima_stock as
select p.county, p.period_kind, p.period, 'county' as scope_level, p.county as scope, 'all' as channel,
       'all' as segment, s.result, s.clients, reference.state_of(p.last_day) as state
from segments.period p
cross join lateral (
  select result, count(*) as clients
  from (
    select distinct on (a.person) a.result
    from segments.assessment a
    where a.county = p.county and a.day > p.known_until - segments.stock_days() and a.day <= p.known_until
    order by a.person, a.assessed_at desc, a.id desc) latest
  group by result) s
where p.first_day <= p.known_until;
grant select on figures.suuntima_stock to hva_segments;
