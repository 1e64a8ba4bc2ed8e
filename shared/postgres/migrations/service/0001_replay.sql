-- Replays that somebody asked a family for, audits that were due, and what each found. An audit mends nothing.
create table {schema}.replay (
  replay bigint generated always as identity primary key, mends boolean not null,
  asked_at timestamptz not null default clock_timestamp(), begun_at timestamptz, ended_at timestamptz,
  facts bigint not null default 0, wrong_facts bigint not null default 0,
  cells bigint not null default 0, wrong_cells bigint not null default 0, failed text
);
create index replay_waiting on {schema}.replay (replay) where ended_at is null;
