-- Why a person is a member, and when: every piece of evidence of the rule with its days, told from the facts. Their
-- union is what segments.membership holds. A condition on the person reaches the facts; without one, E4 reads them all.
drop view if exists segments.membership_evidence, segments.sectors_at cascade;

-- The days on which what E4 sees of a person may change, and whether it holds from each of them to the next.
create view segments.sectors_at as
select d.county, d.person, d.day, s.holds,
       lead(d.day) over (partition by d.county, d.person order by d.day) as next_day,
       lag(s.holds) over (partition by d.county, d.person order by d.day) as held
from (
  select e.county, e.person, t.day
  from segments.service_event e, reference.segment_rule r, lateral (values (e.day), (e.day + r.e4_window_days)) t(day)
  where e.done
  group by e.county, e.person, t.day) d
cross join reference.segment_rule r
cross join lateral (
  select count(distinct e.sector) >= r.e4_min_sectors and coalesce(bool_or(k.kind = 'health'), false)
         and coalesce(bool_or(k.kind = 'social'), false)
  from segments.service_event e left join reference.sector k on k.sector = e.sector
  where e.done and e.person = d.person and e.day > d.day - r.e4_window_days and e.day <= d.day) s(holds);

create view segments.membership_evidence as
select county, person, 'E1' as evidence, valid_from as first, coalesce(valid_to, 'infinity') as until
from segments.flag, reference.segment_rule r where person is not null and 'E1' = any(r.enabled)
union all
select county, person, 'E2', valid_from, coalesce(valid_to, 'infinity')
from segments.plan, reference.segment_rule r where person is not null and 'E2' = any(r.enabled)
union all
select county, person, 'E3', day, least(day + r.e3_valid_days, next_day)
from (
  select county, person, day, result, lead(day) over (partition by county, person order by assessed_at, id) as next_day
  from segments.assessment where person is not null) a,
  reference.segment_rule r
where 'E3' = any(r.enabled) and result = any(r.e3_results) and (next_day is null or next_day > day)
union all
select county, person, 'E4', min(day), max(next_day)
from (
  select county, person, day, next_day, holds,
         count(*) filter (where holds and held is distinct from true)
           over (partition by county, person order by day) as island
  from segments.sectors_at) i
where holds and exists (select from reference.segment_rule r where 'E4' = any(r.enabled))
group by county, person, island
union all
select county, person, 'E6', valid_from, coalesce(valid_to, 'infinity')
from segments.assignment a, reference.segment_rule r
where person is not null and 'E6' = any(r.enabled) and a.scheme = r.e6_scheme and a.segment = r.e6_segment;
