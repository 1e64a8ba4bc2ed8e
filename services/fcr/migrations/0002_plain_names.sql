-- Columns get the names that code and documentation use. `change_number` of a stale period grows with every change; its
-- stored cells hold every change up to `computed_number`.
alter table fcr.refold rename column place to table_index;
alter table fcr.contact rename column awaits to awaiting_response;
alter table fcr.contact rename column over_at to effective_end;
alter table fcr.stale rename column mark to change_number;
alter table fcr.stale rename column counted to computed_number;
