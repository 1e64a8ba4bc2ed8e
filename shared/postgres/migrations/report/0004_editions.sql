-- What was published when a period was closed: an edition of its rows. Editions are never changed or removed.
-- `keys` are the keys of a row without county and period, `values` everything else in it.
create table report.edition (
  county text not null, period_kind text not null check (period_kind in ('month', 'quarter', 'year')),
  period text not null, edition integer not null check (edition >= 1),
  closed_at timestamptz not null default now(), closed_by text not null, note text,
  primary key (county, period, edition)
);
create table report.edition_row (
  county text not null, period text not null, edition integer not null, view text not null, keys jsonb not null,
  values jsonb not null, suppressed boolean not null,
  primary key (county, period, edition, view, keys),
  foreign key (county, period, edition) references report.edition
);
-- Published values that differ from those of the newest edition. Written with every publication.
create table report.restatement (
  county text not null, period_kind text not null, period text not null, edition integer not null, view text not null,
  keys jsonb not null, column_name text not null, old_value double precision, new_value double precision,
  old_suppressed boolean not null, new_suppressed boolean not null, first_seen timestamptz not null,
  causes text[] not null, primary key (county, period, view, keys, column_name)
);

create function report.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'editions are never changed or removed' using errcode = 'restrict_violation';
end $$;
create trigger never_changed before update or delete or truncate on report.edition
  for each statement execute function report.refuse_change();
create trigger never_changed before update or delete or truncate on report.edition_row
  for each statement execute function report.refuse_change();
-- An edition is complete when its transaction ends: no row is added later.
create function report.refuse_late_rows() returns trigger language plpgsql as $$
begin
  if exists (
    select from (select distinct county, period, edition from added) a
    join report.edition e using (county, period, edition)
    where e.xmin <> pg_current_xact_id()::xid
  ) then
    raise exception 'editions are never changed or removed' using errcode = 'restrict_violation';
  end if;
  return null;
end $$;
create trigger never_extended after insert on report.edition_row referencing new table as added
  for each statement execute function report.refuse_late_rows();
revoke execute on function report.refuse_change(), report.refuse_late_rows() from public;

grant select on report.edition, report.edition_row, report.restatement
  to hva_nps, hva_fcr, hva_segments, hva_steward, hva_reader;
grant insert on report.edition, report.edition_row to hva_steward;
grant insert, delete on report.restatement to hva_nps, hva_fcr, hva_segments;
grant delete on report.restatement to hva_steward;
do $$
declare
  name text;
  column_name text;
begin
  foreach name in array array['edition', 'edition_row', 'restatement'] loop
    execute format('alter table report.%I enable row level security', name);
    execute format('create policy reader on report.%I for select to hva_reader, hva_steward, hva_nps, hva_fcr, '
                   'hva_segments using (true)', name);
  end loop;
  create policy writer on report.edition for insert to hva_steward with check (true);
  create policy writer on report.edition_row for insert to hva_steward with check (true);
  create policy remover on report.restatement for delete to hva_steward using (true);
  create policy writer_nps on report.restatement to hva_nps
    using (view in ('nps', 'statement', 'pei', 'response', 'response_rate', 'direct_feedback', 'key_result'));
  create policy writer_fcr on report.restatement to hva_fcr
    using (view in ('fcr', 'fcr_confirmed', 'fcr_client', 'access', 'digital', 'hyte', 'revolving', 'key_result'));
  create policy writer_segments on report.restatement to hva_segments
    using (view in ('service_events', 'events_per_client', 'suuntima', 'suuntima_stock', 'common_clients',
                    'key_result'));
  -- As in 0002: no statistics that a reader of one county could see in a plan.
  for name, column_name in
    select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'report'::regnamespace and c.relname in ('edition', 'edition_row', 'restatement')
      and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
  loop
    execute format('alter table report.%I alter column %I set statistics 0', name, column_name);
  end loop;
end $$;
