-- What every service has: its schema and the table of its dead letters. `{schema}` is the service's name.
create schema {schema};

create table {schema}.dead_letter (
  letter bigint generated always as identity primary key,
  topic text not null, "partition" integer not null, "offset" bigint not null, recorded_at timestamptz not null,
  sealed bytea not null, payload_bytes bigint not null, truncated boolean not null,
  reason text not null, detail text not null, source text, retry_at timestamptz, register_version text not null,
  state text not null default 'open' check (state in ('open', 'redrive', 'resolved', 'discarded')),
  attempts integer not null default 1,
  first_seen timestamptz not null default clock_timestamp(),
  changed_at timestamptz not null default clock_timestamp(),
  -- The timestamp belongs to the identity: a topic that was created anew uses the same offsets again.
  unique (topic, "partition", "offset", recorded_at)
);
create index dead_letter_open on {schema}.dead_letter (reason, letter) where state in ('open', 'redrive');
