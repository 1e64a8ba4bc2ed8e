-- Confirmed resolution: resolved and not repeated within the window. A row is final when the window of the last day's
-- contacts and the day after it have ended. Days have the headline window of 7 days only.
create view figures.fcr_confirmed as
select county, period_kind, period, scope_level, scope, channel, segment, w.days as window_days,
       handled, linkable, linkable_with_outcome, w.confirmed,
       reference.share(w.confirmed, linkable_with_outcome) as fcr_confirmed,
       reference.share(linkable, handled) as linkable_share,
       w.repeats, reference.share(w.repeats, linkable) as repeat_rate,
       reference.state_of(last_day, w.days + 2) as state
from fcr.handled_cell
cross join lateral (values (1, confirmed_1, repeats_1), (7, confirmed_7, repeats_7), (30, confirmed_30, repeats_30))
  w(days, confirmed, repeats)
where handled > 0 and (period_kind <> 'day' or w.days = 7);
grant select on figures.fcr_confirmed to hva_fcr;
