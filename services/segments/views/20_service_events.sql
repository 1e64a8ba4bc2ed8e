-- Done service events, by sector or by class. The segment is that of the client on the day of the event.
create view figures.service_events as
select county, period_kind, period, scope_level, scope, 'all' as channel, segment, sector, event_class, events,
       reference.state_of(last_day) as state
from segments.care_cell
where events > 0;
grant select on figures.service_events to hva_segments;
