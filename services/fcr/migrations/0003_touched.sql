-- The years that a database of an earlier version has figures of: they are published at the first start.
insert into fcr.touched (county, year)
select distinct county, extract(year from month)::integer
from (select county, month from fcr.access_month union select county, month from fcr.handled_month
      union select county, month from fcr.hyte_count_month) bucket
on conflict do nothing;
