-- The years that a database of an earlier version has figures of: they are published at the first start.
insert into nps.touched (county, year)
select distinct county, extract(year from month)::integer
from (select county, month from nps.answer_month union select county, month from nps.response_count_month
      union select county, month from nps.invitation_count_month union select county, month from nps.feedback_count_month
     ) bucket
on conflict do nothing;
