-- Sums of each measure by all keys of the contract: one view per measure, read by the views of the figures.
-- Month buckets serve months, quarters and years with every channel and segment. Day buckets serve days, where
-- channel and segment are 'all'. The planner pushes every condition on keys down to the buckets.

drop view if exists nps.answer_cell, nps.response_cell, nps.invitation_cell, nps.feedback_cell cascade;

-- Meaning of the counts a0..a5, by question:
--   recommend: a0 detractors (0-6), a1 passives (7-8), a2 promoters (9-10)
--   pei_*:     a0 dont_know, a1 same_or_less, a2 better, a3 much_better
--   any other: a0 does not concern me (0), a1..a5 the answers 1..5
create view nps.answer_cell as
select b.county, p.period_kind, p.period, p.last_day, s.scope_level, s.scope, c.channel, g.segment, b.question,
       sum(b.a0)::bigint as a0, sum(b.a1)::bigint as a1, sum(b.a2)::bigint as a2, sum(b.a3)::bigint as a3,
       sum(b.a4)::bigint as a4, sum(b.a5)::bigint as a5
from nps.answer_month b
join reference.period_month p on p.month = b.month
join reference.unit_scope s on s.unit_row = b.unit_row
cross join lateral (values ('all'), (b.channel)) c(channel)
cross join lateral (values ('all'), (b.segment)) g(segment)
group by b.county, p.period_kind, p.period, p.last_day, s.scope_level, s.scope, c.channel, g.segment, b.question
union all
select b.county, 'day' as period_kind, to_char(b.day, 'YYYY-MM-DD') as period, b.day as last_day, s.scope_level,
       s.scope, 'all' as channel, 'all' as segment, b.question,
       sum(b.a0)::bigint as a0, sum(b.a1)::bigint as a1, sum(b.a2)::bigint as a2, sum(b.a3)::bigint as a3,
       sum(b.a4)::bigint as a4, sum(b.a5)::bigint as a5
from nps.answer_day b
join reference.unit_scope s on s.unit_row = b.unit_row
group by b.county, b.day, s.scope_level, s.scope, b.question;

create view nps.response_cell as
select b.county, p.period_kind, p.period, p.last_day, s.scope_level, s.scope, c.channel, g.segment,
       sum(b.responses)::bigint as responses, sum(b.with_comment)::bigint as with_comment
from nps.response_count_month b
join reference.period_month p on p.month = b.month
join reference.unit_scope s on s.unit_row = b.unit_row
cross join lateral (values ('all'), (b.channel)) c(channel)
cross join lateral (values ('all'), (b.segment)) g(segment)
group by b.county, p.period_kind, p.period, p.last_day, s.scope_level, s.scope, c.channel, g.segment
union all
select b.county, 'day' as period_kind, to_char(b.day, 'YYYY-MM-DD') as period, b.day as last_day, s.scope_level,
       s.scope, 'all' as channel, 'all' as segment,
       sum(b.responses)::bigint as responses, sum(b.with_comment)::bigint as with_comment
from nps.response_count_day b
join reference.unit_scope s on s.unit_row = b.unit_row
group by b.county, b.day, s.scope_level, s.scope;

create view nps.invitation_cell as
select b.county, p.period_kind, p.period, p.last_day, s.scope_level, s.scope, c.channel, g.segment,
       sum(b.delivered)::bigint as delivered, sum(b.answered)::bigint as answered
from nps.invitation_count_month b
join reference.period_month p on p.month = b.month
join reference.unit_scope s on s.unit_row = b.unit_row
cross join lateral (values ('all'), (b.channel)) c(channel)
cross join lateral (values ('all'), (b.segment)) g(segment)
group by b.county, p.period_kind, p.period, p.last_day, s.scope_level, s.scope, c.channel, g.segment
union all
select b.county, 'day' as period_kind, to_char(b.day, 'YYYY-MM-DD') as period, b.day as last_day, s.scope_level,
       s.scope, 'all' as channel, 'all' as segment,
       sum(b.delivered)::bigint as delivered, sum(b.answered)::bigint as answered
from nps.invitation_count_day b
join reference.unit_scope s on s.unit_row = b.unit_row
group by b.county, b.day, s.scope_level, s.scope;

create view nps.feedback_cell as
select b.county, p.period_kind, p.period, p.last_day, s.scope_level, s.scope, c.channel, g.segment,
       k.kind, b.theme, sum(b.n)::bigint as n, sum(b.wants_reply)::bigint as wants_reply,
       sum(b.replied)::bigint as replied, sum(b.replied_in_time)::bigint as replied_in_time
from nps.feedback_count_month b
join reference.period_month p on p.month = b.month
join reference.unit_scope s on s.unit_row = b.unit_row
cross join lateral (values ('all'), (b.channel)) c(channel)
cross join lateral (values ('all'), (b.segment)) g(segment)
cross join lateral (values ('all'), (b.kind)) k(kind)
group by b.county, p.period_kind, p.period, p.last_day, s.scope_level, s.scope, c.channel, g.segment, k.kind,
         b.theme
union all
select b.county, 'day' as period_kind, to_char(b.day, 'YYYY-MM-DD') as period, b.day as last_day, s.scope_level,
       s.scope, 'all' as channel, 'all' as segment, k.kind, b.theme,
       sum(b.n)::bigint as n, sum(b.wants_reply)::bigint as wants_reply,
       sum(b.replied)::bigint as replied, sum(b.replied_in_time)::bigint as replied_in_time
from nps.feedback_count_day b
join reference.unit_scope s on s.unit_row = b.unit_row
cross join lateral (values ('all'), (b.kind)) k(kind)
group by b.county, b.day, s.scope_level, s.scope, k.kind, b.theme;
