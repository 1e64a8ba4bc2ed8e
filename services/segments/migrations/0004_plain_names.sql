-- Tables and columns get the names that code and documentation use.
alter table segments.refold rename column place to table_index;
alter table segments.next_membership rename to staged_membership;
alter index segments.next_membership_of_person rename to staged_membership_of_person;
