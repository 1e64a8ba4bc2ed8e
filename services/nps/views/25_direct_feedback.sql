-- Direct feedback by kind and theme. The share of a kind is of all feedback of the cell; the share of a theme is of the
-- feedback of its kind. A message may have several themes, so shares of themes do not add up to 1.
create view figures.direct_feedback as
select county, period_kind, period, scope_level, scope, channel, segment, kind, theme, n,
       reference.share(n, case when theme = 'all'
         then max(n) filter (where kind = 'all' and theme = 'all') over cell
         else max(n) filter (where theme = 'all') over cell_of_kind end) as share,
       wants_reply, replied, replied_in_time,
       reference.state_of(last_day) as state
from nps.feedback_cell
where n > 0
window cell as (partition by county, period_kind, period, scope_level, scope, channel, segment),
       cell_of_kind as (partition by county, period_kind, period, scope_level, scope, channel, segment, kind);
grant select on figures.direct_feedback to hva_nps;
