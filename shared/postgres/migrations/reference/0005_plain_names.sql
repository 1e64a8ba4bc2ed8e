-- Columns get the names that code and documentation use.
alter table reference.key_result rename column place to position;
