-- Response rate of the cohort invited in the period; final when the 14 days of its last invitation have passed.
create view figures.response_rate as
select county, period_kind, period, scope_level, scope, channel, segment,
       delivered, answered, reference.share(answered, delivered) as rate,
       reference.state_of(last_day, 16) as state
from nps.invitation_cell
where delivered > 0;
grant select on figures.response_rate to hva_nps;
