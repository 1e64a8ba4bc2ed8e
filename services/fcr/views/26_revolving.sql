-- Revolving clients: among clients with a handled contact, those with one that was at least their third in 30 days, as
-- a share times 100. services/fcr/cells.py counts these stored cells.
create view figures.revolving as
select c.county, c.period_kind, c.period, c.scope_level, c.scope, 'all' as channel, c.segment,
       c.clients, c.revolving_clients, 100 * reference.share(c.revolving_clients, c.clients) as index,
       reference.state_of(p.last_day) as state
from fcr.revolving_cell c
join reference.period p using (period_kind, period);
grant select on figures.revolving to hva_fcr;
