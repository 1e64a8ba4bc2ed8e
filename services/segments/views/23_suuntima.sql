-- Suuntima assessments by result. Printed percents add up to 100 (largest remainder; ties go to the earlier result in
-- the order omatoimi, yhteistyo, yhteiso, verkosto).
create view figures.suuntima as
select county, period_kind, period, scope_level, scope, 'all' as channel, 'all' as segment, battery, sex, result, n,
       reference.share(n, whole) as share,
       100 * n / whole + case when row_number() over by_remainder <= 100 - sum(100 * n / whole) over total
                              then 1 else 0 end as percent_printed,
       reference.state_of(last_day) as state
from (
  select *, (sum(n) over (partition by county, period_kind, period, scope_level, scope, battery, sex))::bigint as whole
  from segments.suuntima_cell
  where n > 0) counted
window total as (partition by county, period_kind, period, scope_level, scope, battery, sex),
       by_remainder as (total order by 100 * n % whole desc,
                        array_position(array['omatoimi', 'yhteistyo', 'yhteiso', 'verkosto'], result));
grant select on figures.suuntima to hva_segments;
