-- Why and when a person is a member: the grounds of membership (E1 to E6 of the rule) with their days, from the facts.
-- Their union is the content of segments.membership. A condition on the person is pushed down to the facts; without
-- one, E4 reads all of them.
-- sectors_at is a name of an earlier version.
drop view if exists segments.membership_evidence, segments.sectors_at, segments.e4_change cascade;

-- The days on which E4 can change for a person, and whether it is fulfilled from each of them to the next.
create view segments.e4_change as
select d.county, d.person, d.day, e4.fulfilled,
       lead(d.day) over (partition by d.county, d.person order by d.day) as next_day,
       lag(e4.fulfilled) over (partition by d.county, d.person order by d.day) as fulfilled_before
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
  where e.done and e.person = d.person and e.day > d.day - r.e4_window_days and e.day <= d.day) e4(fulfilled);

create view segments.membership_evidence as
select county, person, 'E1' as evidence, valid_from as first, coalesce(valid_to, 'infinity') as until
from segments.flag, reference.segment_rule r where person is not null and 'E1' = any(r.enabled)
union all
select county, person, 'E2' as evidence, valid_from as first, coalesce(valid_to, 'infinity') as until
from segments.plan, reference.segment_rule r where person is not null and 'E2' = any(r.enabled)
union all
select county, person, 'E3' as evidence, day as first, least(day + r.e3_valid_days, next_day) as until
from (
  select county, person, day, result, lead(day) over (partition by county, person order by assessed_at, id) as next_day
  from segments.assessment where person is not null) a,
  reference.segment_rule r
where 'E3' = any(r.enabled) and result = any(r.e3_results) and (next_day is null or next_day > day)
union all
select county, person, 'E4' as evidence, min(day) as first, max(next_day) as until
from (
  select county, person, day, next_day, fulfilled,
         count(*) filter (where fulfilled and fulfilled_before is distinct from true)
           over (partition by county, person order by day) as island
  from segments.e4_change) i
where fulfilled and exists (select from reference.segment_rule r where 'E4' = any(r.enabled))
group by county, person, island
union all
select county, person, 'E6' as evidence, valid_from as first, coalesce(valid_to, 'infinity') as until
from segments.assignment a, reference.segment_rule r
where person is not null and 'E6' = any(r.enabled) and a.scheme = r.e6_scheme and a.segment = r.e6_segment;
