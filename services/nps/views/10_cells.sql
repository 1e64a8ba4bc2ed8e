-- Buckets summed under every combination of keys (docs/figures.md, Keys of every view): one view per measure, read by
-- the views of the figures.
-- Month buckets serve months, quarters and years with every channel and segment. Day buckets serve days, where
-- channel and segment are 'all'. The planner pushes every condition on keys down to the buckets.

drop view if exists nps.answer_cell, nps.response_cell, nps.invitation_cell, nps.feedback_cell cascade;

-- Meaning of the counts a0..a5, by question:
--   recommend: a0 detractors (0-6), a1 passives (7-8), a2 promoters (9-10)
--   pei_*:     a0 dont_know, a1 same_or_less, a2 better, a3 much_better
--   any other: a0 does not concern me (0), a1..a5 the answers 1..5
create view nps.answer_cell as
select bucket.county, calendar.period_kind, calendar.period, calendar.last_day, unit.scope_level, unit.scope,
       channels.channel, segments.segment, bucket.question,
       sum(bucket.a0)::bigint as a0, sum(bucket.a1)::bigint as a1, sum(bucket.a2)::bigint as a2,
       sum(bucket.a3)::bigint as a3, sum(bucket.a4)::bigint as a4, sum(bucket.a5)::bigint as a5
from nps.answer_month bucket
join reference.period_month calendar on calendar.month = bucket.month
join reference.unit_scope unit on unit.unit_row = bucket.unit_row
cross join lateral (values ('all'), (bucket.channel)) channels(channel)
cross join lateral (values ('all'), (bucket.segment)) segments(segment)
group by bucket.county, calendar.period_kind, calendar.period, calendar.last_day, unit.scope_level, unit.scope,
         channels.channel, segments.segment, bucket.question
union all
select bucket.county, 'day' as period_kind, to_char(bucket.day, 'YYYY-MM-DD') as period, bucket.day as last_day,
       unit.scope_level, unit.scope, 'all' as channel, 'all' as segment, bucket.question,
       sum(bucket.a0)::bigint as a0, sum(bucket.a1)::bigint as a1, sum(bucket.a2)::bigint as a2,
       sum(bucket.a3)::bigint as a3, sum(bucket.a4)::bigint as a4, sum(bucket.a5)::bigint as a5
from nps.answer_day bucket
join reference.unit_scope unit on unit.unit_row = bucket.unit_row
group by bucket.county, bucket.day, unit.scope_level, unit.scope, bucket.question;

create view nps.response_cell as
select bucket.county, calendar.period_kind, calendar.period, calendar.last_day, unit.scope_level, unit.scope,
       channels.channel, segments.segment,
       sum(bucket.responses)::bigint as responses, sum(bucket.with_comment)::bigint as with_comment
from nps.response_count_month bucket
join reference.period_month calendar on calendar.month = bucket.month
join reference.unit_scope unit on unit.unit_row = bucket.unit_row
cross join lateral (values ('all'), (bucket.channel)) channels(channel)
cross join lateral (values ('all'), (bucket.segment)) segments(segment)
group by bucket.county, calendar.period_kind, calendar.period, calendar.last_day, unit.scope_level, unit.scope,
         channels.channel, segments.segment
union all
select bucket.county, 'day' as period_kind, to_char(bucket.day, 'YYYY-MM-DD') as period, bucket.day as last_day,
       unit.scope_level, unit.scope, 'all' as channel, 'all' as segment,
       sum(bucket.responses)::bigint as responses, sum(bucket.with_comment)::bigint as with_comment
from nps.response_count_day bucket
join reference.unit_scope unit on unit.unit_row = bucket.unit_row
group by bucket.county, bucket.day, unit.scope_level, unit.scope;

create view nps.invitation_cell as
select bucket.county, calendar.period_kind, calendar.period, calendar.last_day, unit.scope_level, unit.scope,
       channels.channel, segments.segment,
       sum(bucket.delivered)::bigint as delivered, sum(bucket.answered)::bigint as answered
from nps.invitation_count_month bucket
join reference.period_month calendar on calendar.month = bucket.month
join reference.unit_scope unit on unit.unit_row = bucket.unit_row
cross join lateral (values ('all'), (bucket.channel)) channels(channel)
cross join lateral (values ('all'), (bucket.segment)) segments(segment)
group by bucket.county, calendar.period_kind, calendar.period, calendar.last_day, unit.scope_level, unit.scope,
         channels.channel, segments.segment
union all
select bucket.county, 'day' as period_kind, to_char(bucket.day, 'YYYY-MM-DD') as period, bucket.day as last_day,
       unit.scope_level, unit.scope, 'all' as channel, 'all' as segment,
       sum(bucket.delivered)::bigint as delivered, sum(bucket.answered)::bigint as answered
from nps.invitation_count_day bucket
join reference.unit_scope unit on unit.unit_row = bucket.unit_row
group by bucket.county, bucket.day, unit.scope_level, unit.scope;

create view nps.feedback_cell as
select bucket.county, calendar.period_kind, calendar.period, calendar.last_day, unit.scope_level, unit.scope,
       channels.channel, segments.segment, kinds.kind, bucket.theme,
       sum(bucket.n)::bigint as n, sum(bucket.wants_reply)::bigint as wants_reply,
       sum(bucket.replied)::bigint as replied, sum(bucket.replied_in_time)::bigint as replied_in_time
from nps.feedback_count_month bucket
join reference.period_month calendar on calendar.month = bucket.month
join reference.unit_scope unit on unit.unit_row = bucket.unit_row
cross join lateral (values ('all'), (bucket.channel)) channels(channel)
cross join lateral (values ('all'), (bucket.segment)) segments(segment)
cross join lateral (values ('all'), (bucket.kind)) kinds(kind)
group by bucket.county, calendar.period_kind, calendar.period, calendar.last_day, unit.scope_level, unit.scope,
         channels.channel, segments.segment, kinds.kind, bucket.theme
union all
select bucket.county, 'day' as period_kind, to_char(bucket.day, 'YYYY-MM-DD') as period, bucket.day as last_day,
       unit.scope_level, unit.scope, 'all' as channel, 'all' as segment, kinds.kind, bucket.theme,
       sum(bucket.n)::bigint as n, sum(bucket.wants_reply)::bigint as wants_reply,
       sum(bucket.replied)::bigint as replied, sum(bucket.replied_in_time)::bigint as replied_in_time
from nps.feedback_count_day bucket
join reference.unit_scope unit on unit.unit_row = bucket.unit_row
cross join lateral (values ('all'), (bucket.kind)) kinds(kind)
group by bucket.county, bucket.day, unit.scope_level, unit.scope, kinds.kind, bucket.theme;
