-- Access to the first line. The denominator of shares is the contacts that could be answered: inbound and not early.
-- The mean uses the sum of transfers before it is limited to a bigint.
create view figures.access as
select county, period_kind, period, scope_level, scope, channel, segment,
       inbound, early, handled, reference.share(handled, inbound - early) as answered_share,
       direct, reference.share(direct, inbound - early) as direct_share,
       callback, reference.share(callback, inbound - early) as callback_share,
       callback_requested, callback_same_day,
       reference.share(callback_same_day, callback_requested) as callback_same_day_share,
       promised + awaited as with_promise, promise_kept,
       reference.share(promise_kept, promised + awaited) as promise_kept_share,
       waits,
       fcr.wait_bound((waits + 1) / 2, w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12) as wait_p50,
       fcr.wait_bound((9 * waits + 9) / 10, w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12) as wait_p90,
       fcr.count_of(transfers) as transfers, transfers::double precision / nullif(handled, 0) as transfers_mean,
       bounced, reference.share(bounced, handled) as bounce_rate,
       reference.state_of(last_day) as state
from fcr.access_cell,
     lateral (select w0 + w1 + w2 + w3 + w4 + w5 + w6 + w7 + w8 + w9 + w10 + w11 + w12 + w13) all_waits(waits)
where inbound > 0;
grant select on figures.access to hva_fcr;
