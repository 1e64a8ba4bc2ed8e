-- How often a replay or audit was begun: one that is interrupted again and again is given up.
alter table {schema}.replay add column attempts integer not null default 0;
