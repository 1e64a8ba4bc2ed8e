-- A changed rule is worked out for all persons of a county beside what is in force, and comes into force at once.
-- Locks: none worth mentioning, the table is new.

-- The membership to come of persons for whom it is another than now; one row without days where there will be none.
create table segments.next_membership (county text not null, person bigint not null, first date, until date);
create index next_membership_of_person on segments.next_membership (person);
