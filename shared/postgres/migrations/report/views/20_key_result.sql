-- Key results: the register against what is published. Nothing is stored: the rows always follow the published tables.
drop view if exists report.key_result, report.key_result_period, report.objective;

-- Objectives that the reader's county has key results of, and those without key results.
create view report.objective with (security_barrier) as
select id, position, name_fi, name_sv, name_en, description_fi, description_sv, description_en
from reference.objective o
where exists (
    select from reference.key_result k
    where k.spec ->> 'objective' = o.id
      and ((select bool_or(pg_has_role(rolname, 'usage')) from pg_roles
            where rolname in ('hva_migrate', 'hva_nps', 'hva_fcr', 'hva_segments', 'hva_steward', 'hva_reader'))
           or k.county in (select reader.county from migration.reader where pg_has_role(reader.role, 'usage'))))
  or not exists (select from reference.key_result k where k.spec ->> 'objective' = o.id);

-- What the register says of each key result in each quarter and year within its valid period that has begun.
-- `units` are those under its scope with a register row that is valid on a day of the period; NULL where there is no
-- coverage.
create view report.key_result_period with (security_barrier) as
select k.county, p.period_kind, p.period, p.first_day, p.last_day, k.id, k.position,
       k.spec ->> 'objective' as objective, k.name_fi, k.name_sv, k.name_en, k.spec ->> 'owner' as owner, k.spec ->> 'metric' as metric,
       k.spec -> 'scope' as scope, k.spec ->> 'direction' as direction, k.spec ->> 'target_mode' as target_mode,
       (k.spec ->> 'target')::double precision as target, (k.spec ->> 'margin')::double precision as margin,
       (k.spec #>> '{baseline,value}')::double precision as baseline,
       k.spec #>> '{baseline,period}' as baseline_period,
       case when k.spec #>> '{scope,scope_level}' <> 'line' then (
         select coalesce(array_agg(distinct u.unit), '{}')
         from reference.unit_row u join reference.unit_scope s on s.unit_row = u.key
         where u.current and u.county = k.county and s.scope_level = k.spec #>> '{scope,scope_level}'
           and s.scope = k.spec #>> '{scope,scope}'
           and coalesce(u.valid_from <= p.last_day, true) and coalesce(u.valid_to > p.first_day, true)
           -- Gap rows are not in the register. A row of a unit without dates and levels is one if the unit has others.
           and (u.valid_from is not null or u.valid_to is not null
                or u.service_area || u.result_area || u.division || u.region <> ''
                or not exists (
                  select from reference.unit_row o where o.current and o.county = u.county and o.unit = u.unit
                    and (o.valid_from is not null or o.valid_to is not null
                         or o.service_area || o.result_area || o.division || o.region <> ''))))
       end as units
from reference.key_result k
join reference.period p
  on p.period_kind in ('quarter', 'year')
 and p.first_day >= coalesce((k.spec #>> '{valid_period,from}')::date, '2000-01-01')
 and p.last_day < coalesce((k.spec #>> '{valid_period,to}')::date, 'infinity')
 and p.first_day <= (now() at time zone 'Europe/Helsinki')::date
where (select bool_or(pg_has_role(rolname, 'usage')) from pg_roles
       where rolname in ('hva_migrate', 'hva_nps', 'hva_fcr', 'hva_segments', 'hva_steward', 'hva_reader'))
  or k.county in (select reader.county from migration.reader where pg_has_role(reader.role, 'usage'));

-- The formulas: docs/figures.md, key_result. The reader's row security holds for every published table.
create view report.key_result with (security_invoker) as
with published as not materialized (
  select 'nps' as view, county, period, scope_level, scope, channel, segment,
    '{}'::jsonb as further,
    state, suppressed, published_at, to_jsonb(t) as numbers from report.nps t
  union all
  select 'statement', county, period, scope_level, scope, channel, segment,
    jsonb_build_object('question', question),
    state, suppressed, published_at, to_jsonb(t) from report.statement t
  union all
  select 'pei', county, period, scope_level, scope, channel, segment,
    jsonb_build_object('question', question),
    state, suppressed, published_at, to_jsonb(t) from report.pei t
  union all
  select 'response', county, period, scope_level, scope, channel, segment,
    '{}'::jsonb,
    state, suppressed, published_at, to_jsonb(t) from report.response t
  union all
  select 'response_rate', county, period, scope_level, scope, channel, segment,
    '{}'::jsonb,
    state, suppressed, published_at, to_jsonb(t) from report.response_rate t
  union all
  select 'direct_feedback', county, period, scope_level, scope, channel, segment,
    jsonb_build_object('kind', kind, 'theme', theme),
    state, suppressed, published_at, to_jsonb(t) from report.direct_feedback t
  union all
  select 'fcr', county, period, scope_level, scope, channel, segment,
    '{}'::jsonb,
    state, suppressed, published_at, to_jsonb(t) from report.fcr t
  union all
  select 'fcr_confirmed', county, period, scope_level, scope, channel, segment,
    jsonb_build_object('window_days', window_days),
    state, suppressed, published_at, to_jsonb(t) from report.fcr_confirmed t
  union all
  select 'fcr_client', county, period, scope_level, scope, channel, segment,
    jsonb_build_object('window_days', window_days),
    state, suppressed, published_at, to_jsonb(t) from report.fcr_client t
  union all
  select 'access', county, period, scope_level, scope, channel, segment,
    '{}'::jsonb,
    state, suppressed, published_at, to_jsonb(t) from report.access t
  union all
  select 'digital', county, period, scope_level, scope, channel, segment,
    '{}'::jsonb,
    state, suppressed, published_at, to_jsonb(t) from report.digital t
  union all
  select 'hyte', county, period, scope_level, scope, channel, segment,
    jsonb_build_object('kind', kind),
    state, suppressed, published_at, to_jsonb(t) from report.hyte t
  union all
  select 'revolving', county, period, scope_level, scope, channel, segment,
    '{}'::jsonb,
    state, suppressed, published_at, to_jsonb(t) from report.revolving t
  union all
  select 'service_events', county, period, scope_level, scope, channel, segment,
    jsonb_build_object('sector', sector, 'event_class', event_class),
    state, suppressed, published_at, to_jsonb(t) from report.service_events t
  union all
  select 'events_per_client', county, period, scope_level, scope, channel, segment,
    '{}'::jsonb,
    state, suppressed, published_at, to_jsonb(t) from report.events_per_client t
  union all
  select 'suuntima', county, period, scope_level, scope, channel, segment,
    jsonb_build_object('battery', battery, 'sex', sex, 'result', result),
    state, suppressed, published_at, to_jsonb(t) from report.suuntima t
  union all
  select 'suuntima_stock', county, period, scope_level, scope, channel, segment,
    jsonb_build_object('result', result),
    state, suppressed, published_at, to_jsonb(t) from report.suuntima_stock t
  union all
  select 'common_clients', county, period, scope_level, scope, channel, segment,
    jsonb_build_object('kind', kind),
    state, suppressed, published_at, to_jsonb(t) from report.common_clients t
), registered as (
  select k.*, split_part(metric, '.', 1) as view, split_part(metric, '.', 2) as column_name,
         scope - array['county', 'scope_level', 'scope', 'channel', 'segment'] as further,
         -- Shares are 0..1, and their changes in per cent points.
         case when metric ~ '(share|_rate|\.(rate|gross|net|fcr_confirmed|fcr_client|outcome_coverage|top1|top2))$'
           then 100.0::double precision else 1.0 end as points
  from report.key_result_period k
), valued as (
  select k.*, a.state, coalesce(a.suppressed, false) as suppressed, a.published_at,
         (a.numbers ->> k.column_name)::double precision as actual,
         coalesce(k.baseline, (b.numbers ->> k.column_name)::double precision) as base
  from registered k
  -- Lateral with a limit: a few rows by primary key, where a join would read every published row.
  left join lateral (
    select * from published p
    where p.view = k.view and p.county = k.county and p.period = k.period
      and p.scope_level = k.scope ->> 'scope_level' and p.scope = k.scope ->> 'scope'
      and p.channel = k.scope ->> 'channel' and p.segment = k.scope ->> 'segment' and p.further = k.further
    limit 1
  ) a on true
  left join lateral (
    select * from published p
    where p.view = k.view and p.county = k.county and p.period = k.baseline_period
      and p.scope_level = k.scope ->> 'scope_level' and p.scope = k.scope ->> 'scope'
      and p.channel = k.scope ->> 'channel' and p.segment = k.scope ->> 'segment' and p.further = k.further
    limit 1
  ) b on true
), aimed as (
  select v.*,
         case target_mode
           when 'absolute' then target
           when 'relative' then base * (1 + target / 100)
           else base + target / points
         end as aim
  from valued v
)
select a.county, a.period_kind, a.period, a.id, a.position, a.objective, a.name_fi, a.name_sv, a.name_en, a.owner,
       a.metric, a.scope, a.direction, a.target_mode, a.margin, a.baseline_period, a.base as baseline, a.aim as target,
       a.actual, (a.actual - a.base) * a.points as change_points,
       case when a.base <> 0 then 100 * (a.actual - a.base) / abs(a.base) end as change_relative,
       case when a.direction <> 'maintain' then (a.actual - a.base) / nullif(a.aim - a.base, 0) end as progress,
       case a.direction
         when 'decrease' then a.actual <= a.aim + a.margin
         when 'maintain' then a.actual >= a.base - a.margin
         else a.actual >= a.aim - a.margin
       end as met,
       c.coverage, s.status, s.said_by as status_by, s.said_at as status_at,
       coalesce(a.state, case when a.last_day < (now() at time zone 'Europe/Helsinki')::date then 'final'
                              else 'provisional' end) as state,
       a.suppressed, a.published_at
from aimed a
left join lateral (
  select count(distinct p.scope)::double precision / nullif(cardinality(a.units), 0) as coverage
  from published p
  where p.view = a.view and p.county = a.county and p.period = a.period and p.scope_level = 'unit'
    and p.scope = any (a.units) and p.channel = 'all' and p.segment = 'all' and p.further = a.further
) c on a.view not in ('suuntima', 'suuntima_stock', 'common_clients')
   and not (a.view = 'direct_feedback' and a.further <> '{"kind": "all", "theme": "all"}')
left join lateral (
  select status, said_by, said_at from report.key_result_status h
  where h.county = a.county and h.id = a.id and h.quarter = a.period
  order by said_at desc limit 1
) s on true;

grant select on report.objective, report.key_result_period, report.key_result
  to hva_nps, hva_fcr, hva_segments, hva_steward, hva_reader;
