-- Planner statistics hold values of all counties, and estimates in a plan show them to the reader of one county. No table
-- of this schema needs them: queries use the primary key.
do $$
declare
  name text;
  column_name text;
begin
  for name, column_name in
    select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'report'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
  loop
    execute format('alter table report.%I alter column %I set statistics 0', name, column_name);
    perform pg_clear_attribute_stats('report', name, column_name, false);
  end loop;
end $$;
