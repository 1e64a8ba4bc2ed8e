-- Patient enablement, per item: the share of clients who cope better than before, among those who know.
-- a0 dont_know, a1 same_or_less, a2 better, a3 much_better.
create view figures.pei as
select county, period_kind, period, scope_level, scope, channel, segment, question,
       a3 as much_better, a2 as better, a1 as same_or_less, a0 as dont_know, a1 + a2 + a3 as n,
       reference.share(a3 + a2, a1 + a2 + a3) as enabled_share,
       reference.share(a0, a0 + a1 + a2 + a3) as dont_know_share,
       reference.state_of(last_day) as state
from nps.answer_cell
where question in ('pei_cope_illness', 'pei_cope_situation') and a0 + a1 + a2 + a3 > 0;
grant select on figures.pei to hva_nps;
