-- Net promoter score, from summed counts; scores are never averaged.
-- Answers to `recommend`: a0 detractors (0-6), a1 passives (7-8), a2 promoters (9-10).
create view figures.nps as
select county, period_kind, period, scope_level, scope, channel, segment,
       a2 as promoters, a1 as passives, a0 as detractors, a0 + a1 + a2 as n,
       100.0::double precision * (a2 - a0) / (a0 + a1 + a2) as score,
       reference.nps_bound(a2, a0, a0 + a1 + a2, -1) as score_low,
       reference.nps_bound(a2, a0, a0 + a1 + a2, 1) as score_high,
       reference.state_of(last_day) as state
from nps.answer_cell
where question = 'recommend' and a0 + a1 + a2 > 0;
grant select on figures.nps to hva_nps;
