-- Columns get the names that code and documentation use.
alter table nps.refold rename column place to table_index;
