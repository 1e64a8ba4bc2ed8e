-- Clients whose first contact of the cell and period was not repeated within the window. services/fcr/cells.py counts
-- these stored cells.
create view figures.fcr_client as
select c.county, c.period_kind, c.period, c.scope_level, c.scope, c.channel, c.segment, c.window_days,
       c.clients, c.clients_not_repeated,
       reference.share(c.clients_not_repeated, c.clients) as fcr_client,
       reference.state_of(p.last_day, c.window_days + 2) as state
from fcr.client_cell c
join reference.period p using (period_kind, period);
grant select on figures.fcr_client to hva_fcr;
