-- The sums of access by all keys of the contract. Sums by unit row and line come first, since a scope has many of
-- them and every one counts in seven scopes. All conditions on keys reach the buckets.
-- `awaited` counts contacts whose promise nobody has kept or broken; those not due yet at the as-of time are taken
-- away here, told by the facts themselves: few, where the as-of time is now.

drop view if exists fcr.access_bucket_month, fcr.access_bucket_day cascade;

create view fcr.access_bucket_month as
select county, month, unit_row, channel, segment, line,
       inbound, early, handled, direct, callback, callback_requested, callback_same_day, promised, promise_kept,
       awaited, transfers, bounced, phone, chat, sms, digital_booking, w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10,
       w11, w12, w13
from fcr.access_month
union all
select county, date_trunc('month', day)::date, unit_row, channel, segment, line,
       0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
from fcr.contact where awaits and due > reference.as_of();

create view fcr.access_bucket_day as
select county, day, unit_row, line,
       inbound, early, handled, direct, callback, callback_requested, callback_same_day, promised, promise_kept,
       awaited, transfers, bounced, phone, chat, sms, digital_booking, w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10,
       w11, w12, w13
from fcr.access_day
union all
select county, day, unit_row, line,
       0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
from fcr.contact where awaits and due > reference.as_of();

create view fcr.access_place as
select b.county, p.period_kind, p.period, p.last_day, b.unit_row, b.line, b.channel, b.segment,
       sum(inbound) inbound, sum(early) early, sum(handled) handled, sum(direct) direct, sum(callback) callback,
       sum(callback_requested) callback_requested, sum(callback_same_day) callback_same_day, sum(promised) promised,
       sum(promise_kept) promise_kept, sum(awaited) awaited, sum(transfers) transfers, sum(bounced) bounced,
       sum(phone) phone, sum(chat) chat, sum(sms) sms, sum(digital_booking) digital_booking, sum(w0) w0, sum(w1) w1,
       sum(w2) w2, sum(w3) w3, sum(w4) w4, sum(w5) w5, sum(w6) w6, sum(w7) w7, sum(w8) w8, sum(w9) w9, sum(w10) w10,
       sum(w11) w11, sum(w12) w12, sum(w13) w13
from fcr.access_bucket_month b
join reference.period_month p on p.month = b.month
group by b.county, p.period_kind, p.period, p.last_day, b.unit_row, b.line, b.channel, b.segment;

create view fcr.access_cell as
select a.county, a.period_kind, a.period, a.last_day, s.scope_level, s.scope, c.channel, g.segment,
       sum(inbound)::bigint inbound, sum(early)::bigint early, sum(handled)::bigint handled,
       sum(direct)::bigint direct, sum(callback)::bigint callback,
       sum(callback_requested)::bigint callback_requested, sum(callback_same_day)::bigint callback_same_day,
       sum(promised)::bigint promised, sum(promise_kept)::bigint promise_kept, sum(awaited)::bigint awaited,
       sum(transfers) transfers, sum(bounced)::bigint bounced, sum(phone)::bigint phone,
       sum(chat)::bigint chat, sum(sms)::bigint sms, sum(digital_booking)::bigint digital_booking,
       sum(w0)::bigint w0, sum(w1)::bigint w1, sum(w2)::bigint w2, sum(w3)::bigint w3, sum(w4)::bigint w4,
       sum(w5)::bigint w5, sum(w6)::bigint w6, sum(w7)::bigint w7, sum(w8)::bigint w8, sum(w9)::bigint w9,
       sum(w10)::bigint w10, sum(w11)::bigint w11, sum(w12)::bigint w12, sum(w13)::bigint w13
from fcr.access_place a
cross join lateral fcr.scopes_of(a.unit_row, a.line) s
cross join lateral (values ('all'), (a.channel)) c(channel)
cross join lateral (values ('all'), (a.segment)) g(segment)
group by a.county, a.period_kind, a.period, a.last_day, s.scope_level, s.scope, c.channel, g.segment
union all
select b.county, 'day', to_char(b.day, 'YYYY-MM-DD'), b.day, s.scope_level, s.scope, 'all', 'all',
       sum(inbound)::bigint, sum(early)::bigint, sum(handled)::bigint, sum(direct)::bigint, sum(callback)::bigint,
       sum(callback_requested)::bigint, sum(callback_same_day)::bigint, sum(promised)::bigint,
       sum(promise_kept)::bigint, sum(awaited)::bigint, sum(transfers), sum(bounced)::bigint,
       sum(phone)::bigint, sum(chat)::bigint, sum(sms)::bigint, sum(digital_booking)::bigint, sum(w0)::bigint,
       sum(w1)::bigint, sum(w2)::bigint, sum(w3)::bigint, sum(w4)::bigint, sum(w5)::bigint, sum(w6)::bigint,
       sum(w7)::bigint, sum(w8)::bigint, sum(w9)::bigint, sum(w10)::bigint, sum(w11)::bigint, sum(w12)::bigint,
       sum(w13)::bigint
from fcr.access_bucket_day b
cross join lateral fcr.scopes_of(b.unit_row, b.line) s
group by b.county, b.day, s.scope_level, s.scope;
