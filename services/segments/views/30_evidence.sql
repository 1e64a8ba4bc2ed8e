-- Evidence for `hva explain`: each fact under every view that concerns it, counted or not, with the reason. It comes
-- from the facts, not from the buckets. `keys` has the view's further keys. `counted` is how the fact counts, and
-- `detail` is specific to the fact. Flags and plans have no unit.
-- standing is a name of an earlier version.
drop view if exists segments.evidence, segments.stock_fact, segments.standing cascade;

-- Facts that count in a stock on every day of [first, until). `new`: the client or plan counts as new on `first`.
create view segments.stock_fact as
select 'suuntima_stock' as view, a.county, a.day as first,
       least(a.day + segments.stock_days(), a.next_day) as until, a.assessed_at as at, a.unit_row, a.person,
       jsonb_build_object('result', a.result) as keys, 'assessment' as fact, a.id, a.rank,
       case when a.next_day <= a.day then 'not counted: assessed again on the same day' else a.result end as counted,
       false as new
from (
  select *, lead(day) over (partition by county, person order by assessed_at, id) as next_day
  from segments.assessment where person is not null) a
union all
select 'common_clients' as view, f.county, f.valid_from as first, coalesce(f.valid_to, 'infinity') as until, null as at,
       null as unit_row, f.person, jsonb_build_object('kind', 'common_client') as keys, 'flag' as fact, f.id, f.rank,
       'flag' as counted,
       not exists (
         select from segments.flag o
         where o.person = f.person and o.valid_from < f.valid_from
           and (o.valid_to is null or o.valid_to >= f.valid_from)) as new
from segments.flag f where f.person is not null
union all
select 'common_clients' as view, l.county, l.valid_from as first, coalesce(l.valid_to, 'infinity') as until, null as at,
       null as unit_row, l.person, jsonb_build_object('kind', 'plan') as keys, 'plan' as fact, l.id, l.rank,
       'plan' as counted, true as new
from segments.plan l where l.person is not null;

create view segments.evidence as
select 'service_events' as view, county, day, occurred_at as at, unit_row, null::text as line, 'all' as channel,
       case when done then segment end as segment, person,
       jsonb_build_object('sector', sector, 'event_class', event_class) as keys, 'service_event' as fact, id, rank,
       case when done then 'done' else 'not counted: ' || status end as counted,
       ', ' || sector || ', ' || event_class as detail
from segments.service_event where person is not null
union all
select 'events_per_client' as view, e.county, e.day, e.occurred_at as at, e.unit_row, null as line, 'all' as channel,
       'all' as segment, e.person, '{}'::jsonb as keys, 'service_event' as fact, e.id, e.rank,
       case when not e.done then 'not counted: ' || e.status
            when e.segment = 'multidisciplinary' then 'event of a member'
            else 'event of another client' end as counted,
       case when e.done and e.segment = 'multidisciplinary' then (
         -- The grounds of that day only: membership_evidence would read the whole history of the person.
         select ', by ' || string_agg(w.evidence || w.since, ', ' order by w.evidence, w.since)
         from reference.segment_rule r
         cross join lateral (
           select 'E1', ' since ' || f.valid_from
           from segments.flag f
           where f.person = e.person and f.valid_from <= e.day and (f.valid_to is null or f.valid_to > e.day)
           union all
           select 'E2', ' since ' || l.valid_from
           from segments.plan l
           where l.person = e.person and l.valid_from <= e.day and (l.valid_to is null or l.valid_to > e.day)
           union all
           select 'E3', ' since ' || a.day
           from (select * from segments.assessment a
                 where a.person = e.person and a.assessed_at < ((e.day + 1)::timestamp at time zone 'Europe/Helsinki')
                 order by a.assessed_at desc, a.id desc limit 1) a
           where a.result = any(r.e3_results) and e.day < a.day + r.e3_valid_days
           union all
           select 'E4', ' with ' || count(distinct o.sector) || ' sectors'
           from segments.service_event o left join reference.sector k on k.sector = o.sector
           where o.done and o.person = e.person and o.day > e.day - r.e4_window_days and o.day <= e.day
           having count(distinct o.sector) >= r.e4_min_sectors
                  and bool_or(k.kind = 'health') and bool_or(k.kind = 'social')
           union all
           select 'E6', ' since ' || a.valid_from
           from segments.assignment a
           where a.person = e.person and a.valid_from <= e.day and (a.valid_to is null or a.valid_to > e.day)
             and a.scheme = r.e6_scheme and a.segment = r.e6_segment
         ) w(evidence, since)
         where w.evidence = any(r.enabled)) end as detail
from segments.service_event e where e.person is not null
union all
select 'suuntima' as view, county, day, assessed_at as at, unit_row, null as line, 'all' as channel, 'all' as segment,
       person, jsonb_build_object('battery', battery, 'sex', sex, 'result', result) as keys, 'assessment' as fact, id,
       rank, result as counted, ', ' || battery || ', ' || sex as detail
from segments.assessment where person is not null
union all
select view, county, first as day, at, unit_row, null as line, 'all' as channel, 'all' as segment, person, keys, fact,
       id, rank, counted, case when until < 'infinity' then ', until ' || until else '' end as detail
from segments.stock_fact;
