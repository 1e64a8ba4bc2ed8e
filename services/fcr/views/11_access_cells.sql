-- Access to the first line: buckets summed under every combination of keys (docs/figures.md, Keys of every view).
-- The views sum by unit row and line first, because a scope has many of these and each counts in seven scopes.
-- Conditions on keys are pushed down to the buckets.
-- `promised` counts contacts with a promise and a first response, `awaited` those with a promise and no response yet.
-- Of these, contacts whose promise is not yet due at the as-of time are subtracted here. They are read from the facts:
-- there are few of them if the as-of time is now.
-- `w0`..`w13` count waits by class, the first bound that is not exceeded: see fcr.wait_bound for the bounds.

drop view if exists fcr.access_bucket_month, fcr.access_bucket_day cascade;

create view fcr.access_bucket_month as
select county, month, unit_row, channel, segment, line,
       inbound, early, handled, direct, callback, callback_requested, callback_same_day, promised, promise_kept,
       awaited, transfers, bounced, phone, chat, sms, digital_booking, w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10,
       w11, w12, w13
from fcr.access_month
union all
select county, date_trunc('month', day)::date as month, unit_row, channel, segment, line,
       0 as inbound, 0 as early, 0 as handled, 0 as direct, 0 as callback, 0 as callback_requested,
       0 as callback_same_day, 0 as promised, 0 as promise_kept, -1 as awaited, 0 as transfers, 0 as bounced,
       0 as phone, 0 as chat, 0 as sms, 0 as digital_booking, 0 as w0, 0 as w1, 0 as w2, 0 as w3, 0 as w4, 0 as w5,
       0 as w6, 0 as w7, 0 as w8, 0 as w9, 0 as w10, 0 as w11, 0 as w12, 0 as w13
from fcr.contact where awaiting_response and due > reference.as_of();

create view fcr.access_bucket_day as
select county, day, unit_row, line,
       inbound, early, handled, direct, callback, callback_requested, callback_same_day, promised, promise_kept,
       awaited, transfers, bounced, phone, chat, sms, digital_booking, w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10,
       w11, w12, w13
from fcr.access_day
union all
select county, day, unit_row, line,
       0 as inbound, 0 as early, 0 as handled, 0 as direct, 0 as callback, 0 as callback_requested,
       0 as callback_same_day, 0 as promised, 0 as promise_kept, -1 as awaited, 0 as transfers, 0 as bounced,
       0 as phone, 0 as chat, 0 as sms, 0 as digital_booking, 0 as w0, 0 as w1, 0 as w2, 0 as w3, 0 as w4, 0 as w5,
       0 as w6, 0 as w7, 0 as w8, 0 as w9, 0 as w10, 0 as w11, 0 as w12, 0 as w13
from fcr.contact where awaiting_response and due > reference.as_of();

create view fcr.access_by_unit_row as
select b.county, p.period_kind, p.period, p.last_day, b.unit_row, b.line, b.channel, b.segment,
       sum(inbound) as inbound, sum(early) as early, sum(handled) as handled, sum(direct) as direct,
       sum(callback) as callback, sum(callback_requested) as callback_requested,
       sum(callback_same_day) as callback_same_day, sum(promised) as promised, sum(promise_kept) as promise_kept,
       sum(awaited) as awaited, sum(transfers) as transfers, sum(bounced) as bounced, sum(phone) as phone,
       sum(chat) as chat, sum(sms) as sms, sum(digital_booking) as digital_booking, sum(w0) as w0, sum(w1) as w1,
       sum(w2) as w2, sum(w3) as w3, sum(w4) as w4, sum(w5) as w5, sum(w6) as w6, sum(w7) as w7, sum(w8) as w8,
       sum(w9) as w9, sum(w10) as w10, sum(w11) as w11, sum(w12) as w12, sum(w13) as w13
from fcr.access_bucket_month b
join reference.period_month p on p.month = b.month
group by b.county, p.period_kind, p.period, p.last_day, b.unit_row, b.line, b.channel, b.segment;

create view fcr.access_cell as
select u.county, u.period_kind, u.period, u.last_day, s.scope_level, s.scope, c.channel, g.segment,
       sum(inbound)::bigint as inbound, sum(early)::bigint as early, sum(handled)::bigint as handled,
       sum(direct)::bigint as direct, sum(callback)::bigint as callback,
       sum(callback_requested)::bigint as callback_requested, sum(callback_same_day)::bigint as callback_same_day,
       sum(promised)::bigint as promised, sum(promise_kept)::bigint as promise_kept, sum(awaited)::bigint as awaited,
       sum(transfers) as transfers, sum(bounced)::bigint as bounced, sum(phone)::bigint as phone,
       sum(chat)::bigint as chat, sum(sms)::bigint as sms, sum(digital_booking)::bigint as digital_booking,
       sum(w0)::bigint as w0, sum(w1)::bigint as w1, sum(w2)::bigint as w2, sum(w3)::bigint as w3,
       sum(w4)::bigint as w4, sum(w5)::bigint as w5, sum(w6)::bigint as w6, sum(w7)::bigint as w7,
       sum(w8)::bigint as w8, sum(w9)::bigint as w9, sum(w10)::bigint as w10, sum(w11)::bigint as w11,
       sum(w12)::bigint as w12, sum(w13)::bigint as w13
from fcr.access_by_unit_row u
cross join lateral fcr.scopes_of(u.unit_row, u.line) s
cross join lateral (values ('all'), (u.channel)) c(channel)
cross join lateral (values ('all'), (u.segment)) g(segment)
group by u.county, u.period_kind, u.period, u.last_day, s.scope_level, s.scope, c.channel, g.segment
union all
select b.county, 'day' as period_kind, to_char(b.day, 'YYYY-MM-DD') as period, b.day as last_day, s.scope_level,
       s.scope, 'all' as channel, 'all' as segment,
       sum(inbound)::bigint as inbound, sum(early)::bigint as early, sum(handled)::bigint as handled,
       sum(direct)::bigint as direct, sum(callback)::bigint as callback,
       sum(callback_requested)::bigint as callback_requested, sum(callback_same_day)::bigint as callback_same_day,
       sum(promised)::bigint as promised, sum(promise_kept)::bigint as promise_kept, sum(awaited)::bigint as awaited,
       sum(transfers) as transfers, sum(bounced)::bigint as bounced, sum(phone)::bigint as phone,
       sum(chat)::bigint as chat, sum(sms)::bigint as sms, sum(digital_booking)::bigint as digital_booking,
       sum(w0)::bigint as w0, sum(w1)::bigint as w1, sum(w2)::bigint as w2, sum(w3)::bigint as w3,
       sum(w4)::bigint as w4, sum(w5)::bigint as w5, sum(w6)::bigint as w6, sum(w7)::bigint as w7,
       sum(w8)::bigint as w8, sum(w9)::bigint as w9, sum(w10)::bigint as w10, sum(w11)::bigint as w11,
       sum(w12)::bigint as w12, sum(w13)::bigint as w13
from fcr.access_bucket_day b
cross join lateral fcr.scopes_of(b.unit_row, b.line) s
group by b.county, b.day, s.scope_level, s.scope;
