-- The sums of every measure by all keys of the contract: one view a measure, from which the figures are read.
-- Month buckets serve months, quarters and years with every channel and segment; day buckets serve days, where
-- channel and segment are 'all'. All conditions on keys reach the buckets: nothing here keeps them from moving down.

drop view if exists nps.answer_cell, nps.response_cell, nps.invitation_cell, nps.feedback_cell cascade;

create view nps.answer_cell as
select b.county, p.period_kind, p.period, p.last_day, s.scope_level, s.scope, c.channel, g.segment, b.question,
       sum(b.a0)::bigint a0, sum(b.a1)::bigint a1, sum(b.a2)::bigint a2, sum(b.a3)::bigint a3,
       sum(b.a4)::bigint a4, sum(b.a5)::bigint a5
from nps.answer_month b
join reference.period_month p on p.month = b.month
join reference.unit_scope s on s.unit_row = b.unit_row
cross join lateral (values ('all'), (b.channel)) c(channel)
cross join lateral (values ('all'), (b.segment)) g(segment)
group by b.county, p.period_kind, p.period, p.last_day, s.scope_level, s.scope, c.channel, g.segment, b.question
union all
select b.county, 'day', to_char(b.day, 'YYYY-MM-DD'), b.day, s.scope_level, s.scope, 'all', 'all', b.question,
       sum(b.a0)::bigint, sum(b.a1)::bigint, sum(b.a2)::bigint, sum(b.a3)::bigint, sum(b.a4)::bigint,
       sum(b.a5)::bigint
from nps.answer_day b
join reference.unit_scope s on s.unit_row = b.unit_row
group by b.county, b.day, s.scope_level, s.scope, b.question;

create view nps.response_cell as
select b.county, p.period_kind, p.period, p.last_day, s.scope_level, s.scope, c.channel, g.segment,
       sum(b.responses)::bigint responses, sum(b.with_comment)::bigint with_comment
from nps.response_count_month b
join reference.period_month p on p.month = b.month
join reference.unit_scope s on s.unit_row = b.unit_row
cross join lateral (values ('all'), (b.channel)) c(channel)
cross join lateral (values ('all'), (b.segment)) g(segment)
group by b.county, p.period_kind, p.period, p.last_day, s.scope_level, s.scope, c.channel, g.segment
union all
select b.county, 'day', to_char(b.day, 'YYYY-MM-DD'), b.day, s.scope_level, s.scope, 'all', 'all',
       sum(b.responses)::bigint, sum(b.with_comment)::bigint
from nps.response_count_day b
join reference.unit_scope s on s.unit_row = b.unit_row
group by b.county, b.day, s.scope_level, s.scope;

create view nps.invitation_cell as
select b.county, p.period_kind, p.period, p.last_day, s.scope_level, s.scope, c.channel, g.segment,
       sum(b.delivered)::bigint delivered, sum(b.answered)::bigint answered
from nps.invitation_count_month b
join reference.period_month p on p.month = b.month
join reference.unit_scope s on s.unit_row = b.unit_row
cross join lateral (values ('all'), (b.channel)) c(channel)
cross join lateral (values ('all'), (b.segment)) g(segment)
group by b.county, p.period_kind, p.period, p.last_day, s.scope_level, s.scope, c.channel, g.segment
union all
select b.county, 'day', to_char(b.day, 'YYYY-MM-DD'), b.day, s.scope_level, s.scope, 'all', 'all',
       sum(b.delivered)::bigint, sum(b.answered)::bigint
from nps.invitation_count_day b
join reference.unit_scope s on s.unit_row = b.unit_row
group by b.county, b.day, s.scope_level, s.scope;

create view nps.feedback_cell as
select b.county, p.period_kind, p.period, p.last_day, s.scope_level, s.scope, c.channel, g.segment,
       k.kind, b.theme, sum(b.n)::bigint n, sum(b.wants_reply)::bigint wants_reply, sum(b.replied)::bigint replied,
       sum(b.replied_in_time)::bigint replied_in_time
from nps.feedback_count_month b
join reference.period_month p on p.month = b.month
join reference.unit_scope s on s.unit_row = b.unit_row
cross join lateral (values ('all'), (b.channel)) c(channel)
cross join lateral (values ('all'), (b.segment)) g(segment)
cross join lateral (values ('all'), (b.kind)) k(kind)
group by b.county, p.period_kind, p.period, p.last_day, s.scope_level, s.scope, c.channel, g.segment, k.kind,
         b.theme
union all
select b.county, 'day', to_char(b.day, 'YYYY-MM-DD'), b.day, s.scope_level, s.scope, 'all', 'all', k.kind, b.theme,
       sum(b.n)::bigint, sum(b.wants_reply)::bigint, sum(b.replied)::bigint, sum(b.replied_in_time)::bigint
from nps.feedback_count_day b
join reference.unit_scope s on s.unit_row = b.unit_row
cross join lateral (values ('all'), (b.kind)) k(kind)
group by b.county, b.day, s.scope_level, s.scope, k.kind, b.theme;
