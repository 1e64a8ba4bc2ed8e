-- The years that a database of an earlier version has figures of: they are published at the first start.
insert into segments.touched (county, year)
select distinct county, extract(year from day)::integer
from (select county, month as day from segments.care_month union select county, month from segments.suuntima_month
      union select county, valid_from from segments.flag where valid_from is not null
      union select county, valid_from from segments.plan where valid_from is not null) fact
on conflict do nothing;
