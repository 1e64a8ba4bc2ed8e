-- Statements on the scale 1-5: shares of the answers 5 (top1) and 4-5 (top2) among the answers 1-5.
-- a0 counts the answers 0 ("does not concern me"), a1..a5 the answers 1..5.
create view figures.statement as
select county, period_kind, period, scope_level, scope, channel, segment, question,
       a1 as c1, a2 as c2, a3 as c3, a4 as c4, a5 as c5, n, a0 as not_applicable,
       reference.share(a5, n) as top1,
       reference.wilson_bound(a5, n, -1) as top1_low, reference.wilson_bound(a5, n, 1) as top1_high,
       reference.share(a4 + a5, n) as top2,
       reference.wilson_bound(a4 + a5, n, -1) as top2_low, reference.wilson_bound(a4 + a5, n, 1) as top2_high,
       reference.state_of(last_day) as state
from nps.answer_cell, lateral (select a1 + a2 + a3 + a4 + a5) valid(n)
where question not in ('recommend', 'pei_cope_illness', 'pei_cope_situation') and n + a0 > 0;
grant select on figures.statement to hva_nps;
