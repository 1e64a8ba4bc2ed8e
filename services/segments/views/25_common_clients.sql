-- Common clients by their flags, and multidisciplinary plans. The kinds overlap and are never added. A client is new
-- if a flag of theirs begins and none was valid on the day before.
create view figures.common_clients as
select p.county, p.period_kind, p.period, 'county' as scope_level, p.county as scope, 'all' as channel,
       'all' as segment, k.kind, k.stock, k.new, reference.state_of(p.last_day) as state
from segments.period p
cross join lateral (
  select 'common_client' as kind,
         count(distinct f.person) filter (where f.valid_to is null or f.valid_to > p.known_until) as stock,
         count(distinct f.person) filter (
           where f.valid_from >= p.first_day and not exists (
             select from segments.flag o
             where o.person = f.person and o.valid_from < f.valid_from
               and (o.valid_to is null or o.valid_to >= f.valid_from))) as new
  from segments.flag f
  where f.county = p.county and f.valid_from <= p.known_until and (f.valid_to is null or f.valid_to > p.first_day)
  union all
  select 'plan' as kind,
         count(*) filter (where l.valid_to is null or l.valid_to > p.known_until) as stock,
         count(*) filter (where l.valid_from >= p.first_day) as new
  from segments.plan l
  where l.county = p.county and l.valid_from <= p.known_until and (l.valid_to is null or l.valid_to > p.first_day)
) k
where p.first_day <= p.known_until and (k.stock > 0 or k.new > 0);
grant select on figures.common_clients to hva_segments;
