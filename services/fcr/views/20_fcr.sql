-- First-contact resolution of phone and chat: gross over all contacts with an outcome, net over those whose outcome the
-- first line can resolve.
create view figures.fcr as
select county, period_kind, period, scope_level, scope, channel, segment,
       handled, with_outcome, resolved, resolvable,
       reference.share(resolved, with_outcome) as gross, reference.share(resolved, resolvable) as net,
       reference.share(with_outcome, handled) as outcome_coverage,
       reference.state_of(last_day) as state
from fcr.handled_cell
where handled > 0;
grant select on figures.fcr to hva_fcr;
