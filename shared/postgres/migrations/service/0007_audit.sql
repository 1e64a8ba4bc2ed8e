-- The last audit of each county and what it found. Each county is audited once a night, by any replica. `attempts` are
-- those that did not end since the night began; null `ended_at`: none has ended yet.
create table {schema}.audit (
  county text primary key, started_at timestamptz not null, ended_at timestamptz, attempts integer not null default 0,
  facts bigint not null default 0, wrong_facts bigint not null default 0,
  cells bigint not null default 0, wrong_cells bigint not null default 0, failed text
);
