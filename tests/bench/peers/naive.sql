-- The tables of the naive peer, as in a first version of such a service.
create schema naive;
create table naive.fact (
  county text, id text, type text not null, revision int not null, time timestamptz not null, data jsonb not null,
  primary key (county, id)
);
create table naive.day (county text, day date, unit text, type text, n bigint not null,
  primary key (county, day, unit, type));
create table naive.contact (
  county text, id text, revision int not null, unit text not null, line text not null, channel text not null,
  day date not null, started_at timestamptz not null, ended_at timestamptz not null, client text, reason text,
  handled boolean not null, resolved boolean not null, repeated boolean not null default false,
  primary key (county, id)
);
create index on naive.contact (county, client);
create index on naive.contact (county, day);
create table naive.contact_day (
  county text, day date, unit text, contacts bigint not null, handled bigint not null, resolved bigint not null,
  repeated bigint not null, primary key (county, day, unit)
);
create table naive.hyte (county text, id text, revision int not null, unit text not null, kind text not null,
  amount bigint not null, primary key (county, id));
create table naive.service_event (
  county text, id text, revision int not null, unit text not null, sector text not null, day date not null,
  client text not null, done boolean not null, member boolean not null default false, primary key (county, id)
);
create index on naive.service_event (county, client, day);
create index on naive.service_event (county, day);
create table naive.evidence (
  county text, id text, revision int not null, client text not null, valid_from date not null, valid_to date not null,
  primary key (county, id)
);
create index on naive.evidence (county, client);
create table naive.care_day (
  county text, day date, unit text, sector text, events bigint not null, of_members bigint not null,
  primary key (county, day, unit, sector)
);
