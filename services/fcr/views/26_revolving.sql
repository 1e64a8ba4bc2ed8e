-- Revolving clients: of those with a handled contact, the share with one that was at least their third in 30 days.
-- Stored cells, counted by services/fcr/cells.py.
create view figures.revolving as
select c.county, c.period_kind, c.period, c.scope_level, c.scope, 'all' as channel, c.segment,
       c.clients, c.revolving_clients, 100 * reference.share(c.revolving_clients, c.clients) as index,
       reference.state_of(p.last_day) as state
from fcr.revolving_cell c
join reference.period p using (period_kind, period);
grant select on figures.revolving to hva_fcr;
