-- The tables of the naive peer: what a first version of such a service looks like.
create schema naive;
create table naive.fact (
  county text, id text, type text not null, revision int not null, time timestamptz not null, data jsonb not null,
  primary key (county, id)
);
create table naive.day (county text, day date, unit text, type text, n bigint not null,
  primary key (county, day, unit, type));
