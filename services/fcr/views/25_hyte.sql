-- Welfare and health promotion: manual counts, and guidance given by the first line. Kinds are never summed together.
create view figures.hyte as
select county, period_kind, period, scope_level, scope, 'all' as channel, 'all' as segment, kind, count,
       reference.state_of(last_day) as state
from (
  select b.county, p.period_kind, p.period, p.last_day, s.scope_level, s.scope, b.kind,
         fcr.count_of(sum(b.amount)) as count
  from fcr.hyte_count_month b
  join reference.period_month p on p.month = b.month
  join reference.unit_scope s on s.unit_row = b.unit_row
  group by b.county, p.period_kind, p.period, p.last_day, s.scope_level, s.scope, b.kind
  union all
  select b.county, 'day' as period_kind, to_char(b.day, 'YYYY-MM-DD') as period, b.day as last_day, s.scope_level,
         s.scope, b.kind, fcr.count_of(sum(b.amount)) as count
  from fcr.hyte_count_day b
  join reference.unit_scope s on s.unit_row = b.unit_row
  group by b.county, b.day, s.scope_level, s.scope, b.kind
  union all
  select county, period_kind, period, last_day, scope_level, scope, 'first_line_guidance' as kind,
         first_line_guidance as count
  from fcr.handled_cell where channel = 'all' and segment = 'all'
) counted
where count > 0;
grant select on figures.hyte to hva_fcr;
