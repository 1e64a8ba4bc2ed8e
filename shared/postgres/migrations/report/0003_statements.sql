-- What people say of a quarter. The steward adds rows and never changes them: the newest one counts.
create table report.key_result_status (
  county text not null, id text not null, quarter text not null,
  status text not null check (status in ('planned', 'challenges', 'support')),
  said_by text not null, comment text, said_at timestamptz not null default clock_timestamp(),
  primary key (county, id, quarter, said_at)
);
create table report.narrative (
  county text not null, quarter text not null, objective text not null,
  language text not null check (language in ('fi', 'sv', 'en')), text text not null,
  said_by text not null, said_at timestamptz not null default clock_timestamp(),
  primary key (county, quarter, objective, language, said_at)
);
grant select on report.key_result_status, report.narrative to hva_nps, hva_fcr, hva_segments, hva_steward, hva_reader;
grant insert on report.key_result_status, report.narrative to hva_steward;
do $$
declare
  name text;
  column_name text;
begin
  foreach name in array array['key_result_status', 'narrative'] loop
    execute format('alter table report.%I enable row level security', name);
    execute format('create policy reader on report.%I for select to hva_reader, hva_steward, hva_nps, hva_fcr, '
                   'hva_segments using (true)', name);
    execute format('create policy writer on report.%I for insert to hva_steward with check (true)', name);
  end loop;
  -- As in 0002: no statistics that a reader of one county could see in a plan.
  for name, column_name in
    select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'report'::regnamespace and c.relname in ('key_result_status', 'narrative')
      and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
  loop
    execute format('alter table report.%I alter column %I set statistics 0', name, column_name);
  end loop;
  -- Families read the published rows of each other: a family that publishes compares key results with closed editions.
  foreach name in array array[
    'nps', 'statement', 'pei', 'response', 'response_rate', 'direct_feedback', 'fcr', 'fcr_confirmed', 'fcr_client',
    'access', 'digital', 'hyte', 'revolving', 'service_events', 'events_per_client', 'suuntima', 'suuntima_stock',
    'common_clients']
  loop
    execute format('create policy family on report.%I for select to hva_nps, hva_fcr, hva_segments using (true)', name);
  end loop;
end $$;
