-- Read by publications and `hva restatements --exact`: what the facts that changed in a period since its newest edition
-- counted before (sign -1) and after (sign 1), under every value of segment and further keys of the figures.
-- Counts of clients and memberships do not add up: there `column_name` is null. Facts without a unit count for the
-- county.
create or replace function segments.restated(county text, period text)
  returns table (log_position bigint, kind text, id text, cause text, rank bytea, at timestamptz, sign integer,
                 unit_row bigint, line text, channel text, segment text, view text, keys jsonb, column_name text,
                 amount numeric)
  language sql stable as $$
with closed as materialized (select * from segments.closed_period p where p.county = $1 and p.period = $2),
change as materialized (select * from segments.change_since_edition($1, $2))
select r.log_position, r.kind, r.id, r.cause, r.rank, r.at, r.sign, r.unit_row, null::text as line, 'all' as channel,
       r.segment, r.view, r.keys, r.column_name, r.amount
from (
  select c.log_position, c.kind, c.id, c.cause, c.rank, c.at, c.sign, c.unit_row, g.segment, 'service_events' as view,
         jsonb_build_object('sector', s.sector, 'event_class', e.event_class) as keys, 'events' as column_name, c.amount
  from change c
  cross join lateral (values ('all'), (c.segment)) g(segment)
  cross join lateral (values ('all'), (c.codes[1])) s(sector)
  cross join lateral (values ('all'), (c.codes[2])) e(event_class)
  where c.measure = 'care'
  union all
  select c.log_position, c.kind, c.id, c.cause, c.rank, c.at, c.sign, c.unit_row, 'all', 'events_per_client', '{}',
         'member_events', c.amount
  from change c where c.measure = 'care' and c.segment = 'multidisciplinary'
  union all
  select c.log_position, c.kind, c.id, c.cause, c.rank, c.at, c.sign, c.unit_row, 'all', 'suuntima',
         jsonb_build_object('battery', b.battery, 'sex', x.sex, 'result', c.codes[3]), 'n', c.amount
  from change c
  cross join lateral (values ('all'), (c.codes[1])) b(battery)
  cross join lateral (values ('all'), (c.codes[2])) x(sex)
  where c.measure = 'suuntima'
  union all
  select c.log_position, c.kind, c.id, c.cause, c.rank, c.at, c.sign, null, 'all', 'common_clients',
         '{"kind": "plan"}', m.column_name, 1
  from change c
  cross join closed p
  cross join lateral (values ('stock', c.until > p.last_day), ('new', c.day >= p.first_day)) m(column_name, counts)
  where c.measure = 'plan' and m.counts
  union all
  select c.log_position, c.kind, c.id, c.cause, c.rank, c.at, c.sign, null, 'all', u.view, u.keys, null, 1
  from change c
  cross join lateral (values
    ('flag', 'common_clients', '{"kind": "common_client"}'::jsonb), ('flag', 'events_per_client', '{}'),
    ('plan', 'events_per_client', '{}'), ('assignment', 'events_per_client', '{}'),
    ('assessment', 'events_per_client', '{}'), ('care', 'events_per_client', '{}'),
    ('ground', 'events_per_client', '{}'), ('assessment', 'suuntima_stock', '{"result": "omatoimi"}'), ('assessment', 'suuntima_stock', '{"result": "yhteistyo"}'),
    ('assessment', 'suuntima_stock', '{"result": "yhteiso"}'), ('assessment', 'suuntima_stock', '{"result": "verkosto"}'))
    u(measure, view, keys)
  where c.measure = u.measure
) r
$$;
