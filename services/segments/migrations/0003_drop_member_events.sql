-- No view reads `member_events`: events per client are counted from facts and memberships.
-- Locks: both tables exclusively, for a change of the catalogue only; no row is rewritten.
alter table segments.care_day drop column member_events;
alter table segments.care_month drop column member_events;
