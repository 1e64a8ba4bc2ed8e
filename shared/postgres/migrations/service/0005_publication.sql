-- What the publisher of a family works by. `touched`: how often the figures of a county and year have changed; writers
-- raise it under the county's lock. `published`: up to which change, and by which registers, they are published.
create table {schema}.touched (
  county text not null, year integer not null, change_number bigint not null default 1, primary key (county, year)
);
create table {schema}.published (
  county text not null, year integer not null, change_number bigint not null, registers text not null,
  published_at timestamptz not null, primary key (county, year)
);
-- Publications that somebody requested of a family, of all counties or years where none is named. `done` of `total`.
create table {schema}.publication_request (
  request bigint generated always as identity primary key, county text, year integer,
  requested_at timestamptz not null default clock_timestamp(), started_at timestamptz, ended_at timestamptz,
  done integer not null default 0, total integer, failed text
);
create index publication_request_waiting on {schema}.publication_request (request) where ended_at is null;
