-- Columns get the names that code and documentation use.
alter table {schema}.dead_letter rename column letter to id;
alter table {schema}.replay rename column mends to repairs;
alter table {schema}.replay rename column asked_at to requested_at;
alter table {schema}.replay rename column begun_at to started_at;
