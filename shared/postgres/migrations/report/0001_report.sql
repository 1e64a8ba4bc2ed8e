-- What people may see: figures under disclosure control, published by each family. One table a view, with its keys and
-- columns; a hidden row (`suppressed`) has its keys and no number. `period` decides its kind.
create schema report;

create table report.nps (
  county text not null, period_kind text not null, period text not null, scope_level text not null,
  scope text not null, channel text not null, segment text not null, promoters bigint, passives bigint,
  detractors bigint, n bigint, score double precision, score_low double precision, score_high double precision,
  state text not null, suppressed boolean not null, low_n boolean not null, published_at timestamptz not null,
  primary key (county, period, scope_level, scope, channel, segment)
);
create table report.statement (
  county text not null, period_kind text not null, period text not null, scope_level text not null,
  scope text not null, channel text not null, segment text not null, question text not null, c1 bigint, c2 bigint,
  c3 bigint, c4 bigint, c5 bigint, n bigint, not_applicable bigint, top1 double precision, top1_low double precision,
  top1_high double precision, top2 double precision, top2_low double precision, top2_high double precision,
  state text not null, suppressed boolean not null, low_n boolean not null, published_at timestamptz not null,
  primary key (county, period, scope_level, scope, channel, segment, question)
);
create table report.pei (
  county text not null, period_kind text not null, period text not null, scope_level text not null,
  scope text not null, channel text not null, segment text not null, question text not null, much_better bigint,
  better bigint, same_or_less bigint, dont_know bigint, n bigint, enabled_share double precision,
  dont_know_share double precision, state text not null, suppressed boolean not null, low_n boolean not null,
  published_at timestamptz not null, primary key (county, period, scope_level, scope, channel, segment, question)
);
create table report.response (
  county text not null, period_kind text not null, period text not null, scope_level text not null,
  scope text not null, channel text not null, segment text not null, responses bigint, with_comment bigint,
  comment_share double precision, state text not null, suppressed boolean not null, low_n boolean not null,
  published_at timestamptz not null, primary key (county, period, scope_level, scope, channel, segment)
);
create table report.response_rate (
  county text not null, period_kind text not null, period text not null, scope_level text not null,
  scope text not null, channel text not null, segment text not null, delivered bigint, answered bigint,
  rate double precision, state text not null, suppressed boolean not null, low_n boolean not null,
  published_at timestamptz not null, primary key (county, period, scope_level, scope, channel, segment)
);
create table report.direct_feedback (
  county text not null, period_kind text not null, period text not null, scope_level text not null,
  scope text not null, channel text not null, segment text not null, kind text not null, theme text not null,
  n bigint, share double precision, wants_reply bigint, replied bigint, replied_in_time bigint, state text not null,
  suppressed boolean not null, low_n boolean not null, published_at timestamptz not null,
  primary key (county, period, scope_level, scope, channel, segment, kind, theme)
);
create table report.fcr (
  county text not null, period_kind text not null, period text not null, scope_level text not null,
  scope text not null, channel text not null, segment text not null, handled bigint, with_outcome bigint,
  resolved bigint, resolvable bigint, gross double precision, net double precision,
  outcome_coverage double precision, state text not null, suppressed boolean not null, low_n boolean not null,
  published_at timestamptz not null, primary key (county, period, scope_level, scope, channel, segment)
);
create table report.fcr_confirmed (
  county text not null, period_kind text not null, period text not null, scope_level text not null,
  scope text not null, channel text not null, segment text not null, window_days integer not null, handled bigint,
  linkable bigint, linkable_with_outcome bigint, confirmed bigint, fcr_confirmed double precision,
  linkable_share double precision, repeats bigint, repeat_rate double precision, state text not null,
  suppressed boolean not null, low_n boolean not null, published_at timestamptz not null,
  primary key (county, period, scope_level, scope, channel, segment, window_days)
);
create table report.fcr_client (
  county text not null, period_kind text not null, period text not null, scope_level text not null,
  scope text not null, channel text not null, segment text not null, window_days integer not null, clients bigint,
  clients_not_repeated bigint, fcr_client double precision, state text not null, suppressed boolean not null,
  low_n boolean not null, published_at timestamptz not null,
  primary key (county, period, scope_level, scope, channel, segment, window_days)
);
create table report.access (
  county text not null, period_kind text not null, period text not null, scope_level text not null,
  scope text not null, channel text not null, segment text not null, inbound bigint, early bigint, handled bigint,
  answered_share double precision, direct bigint, direct_share double precision, callback bigint,
  callback_share double precision, callback_requested bigint, callback_same_day bigint,
  callback_same_day_share double precision, with_promise bigint, promise_kept bigint,
  promise_kept_share double precision, waits bigint, wait_p50 double precision, wait_p90 double precision,
  transfers bigint, transfers_mean double precision, bounced bigint, bounce_rate double precision,
  state text not null, suppressed boolean not null, low_n boolean not null, published_at timestamptz not null,
  primary key (county, period, scope_level, scope, channel, segment)
);
create table report.digital (
  county text not null, period_kind text not null, period text not null, scope_level text not null,
  scope text not null, channel text not null, segment text not null, phone bigint, chat bigint, sms bigint,
  digital_booking bigint, digital_share double precision, state text not null, suppressed boolean not null,
  low_n boolean not null, published_at timestamptz not null,
  primary key (county, period, scope_level, scope, channel, segment)
);
create table report.hyte (
  county text not null, period_kind text not null, period text not null, scope_level text not null,
  scope text not null, channel text not null, segment text not null, kind text not null, count bigint,
  state text not null, suppressed boolean not null, low_n boolean not null, published_at timestamptz not null,
  primary key (county, period, scope_level, scope, channel, segment, kind)
);
create table report.revolving (
  county text not null, period_kind text not null, period text not null, scope_level text not null,
  scope text not null, channel text not null, segment text not null, clients bigint, revolving_clients bigint,
  index double precision, state text not null, suppressed boolean not null, low_n boolean not null,
  published_at timestamptz not null, primary key (county, period, scope_level, scope, channel, segment)
);
create table report.service_events (
  county text not null, period_kind text not null, period text not null, scope_level text not null,
  scope text not null, channel text not null, segment text not null, sector text not null, event_class text not null,
  events bigint, state text not null, suppressed boolean not null, low_n boolean not null,
  published_at timestamptz not null,
  primary key (county, period, scope_level, scope, channel, segment, sector, event_class)
);
create table report.events_per_client (
  county text not null, period_kind text not null, period text not null, scope_level text not null,
  scope text not null, channel text not null, segment text not null, member_events bigint, segment_clients bigint,
  events_per_client double precision, cell_clients bigint, events_per_cell_client double precision,
  member_days bigint, days bigint, person_time double precision, cohort_events bigint, cohort_clients bigint,
  cohort_ratio double precision, state text not null, suppressed boolean not null, low_n boolean not null,
  published_at timestamptz not null, primary key (county, period, scope_level, scope, channel, segment)
);
create table report.suuntima (
  county text not null, period_kind text not null, period text not null, scope_level text not null,
  scope text not null, channel text not null, segment text not null, battery text not null, sex text not null,
  result text not null, n bigint, share double precision, percent_printed bigint, state text not null,
  suppressed boolean not null, low_n boolean not null, published_at timestamptz not null,
  primary key (county, period, scope_level, scope, channel, segment, battery, sex, result)
);
create table report.suuntima_stock (
  county text not null, period_kind text not null, period text not null, scope_level text not null,
  scope text not null, channel text not null, segment text not null, result text not null, clients bigint,
  state text not null, suppressed boolean not null, low_n boolean not null, published_at timestamptz not null,
  primary key (county, period, scope_level, scope, channel, segment, result)
);
create table report.common_clients (
  county text not null, period_kind text not null, period text not null, scope_level text not null,
  scope text not null, channel text not null, segment text not null, kind text not null, stock bigint, new bigint,
  state text not null, suppressed boolean not null, low_n boolean not null, published_at timestamptz not null,
  primary key (county, period, scope_level, scope, channel, segment, kind)
);

-- The state of each publication: the figures of a family, county and calendar year. `seconds` is how long it took,
-- `hidden` how many of its rows are hidden, `hidden_levels` what had to be hidden as a whole. `failure` is of the last
-- attempt, where that failed: the older publication stays.
create table report.publication (
  family text not null, county text not null, year integer not null, published_at timestamptz,
  seconds double precision, rows bigint, hidden bigint, hidden_levels text[] not null default '{}',
  failed_at timestamptz, failure text, primary key (family, county, year)
);
-- The codes in the rows of a publication, by what they are codes of.
create table report.code_shown (
  family text not null, county text not null, year integer not null, key text not null, code text not null,
  primary key (family, county, year, key, code)
);
-- What came in, by source and stream. Redelivered events count again. `corrected`: accepted with a revision above 1.
create table report.freshness (
  county text not null, source text not null, stream text not null, last_event_at timestamptz,
  accepted bigint not null default 0, rejected bigint not null default 0, corrected bigint not null default 0,
  primary key (source, stream)
);

-- Each role writes its own rows, and hva_reader reads this schema alone. Roles that read one county are made by
-- `hva migrate --reader-county`. Row security holds for all but the owner.
grant usage on schema report to hva_ingest, hva_nps, hva_fcr, hva_segments, hva_steward, hva_reader;
grant select on all tables in schema report to hva_nps, hva_fcr, hva_segments, hva_steward, hva_reader;
grant select, insert, update on report.freshness to hva_ingest;
do $$
declare
  family text;
  name text;
begin
  for family, name in values
    ('nps', 'nps'), ('nps', 'statement'), ('nps', 'pei'), ('nps', 'response'), ('nps', 'response_rate'),
    ('nps', 'direct_feedback'), ('fcr', 'fcr'), ('fcr', 'fcr_confirmed'), ('fcr', 'fcr_client'), ('fcr', 'access'),
    ('fcr', 'digital'), ('fcr', 'hyte'), ('fcr', 'revolving'), ('segments', 'service_events'),
    ('segments', 'events_per_client'), ('segments', 'suuntima'), ('segments', 'suuntima_stock'),
    ('segments', 'common_clients')
  loop
    execute format('grant insert, delete on report.%I to hva_%s', name, family);
    execute format('create policy writer on report.%I to hva_%s using (true)', name, family);
  end loop;
  foreach family in array array['nps', 'fcr', 'segments'] loop
    foreach name in array array['publication', 'code_shown'] loop
      execute format('grant insert, update, delete on report.%I to hva_%s', name, family);
      execute format('create policy writer_%s on report.%I to hva_%1$s using (family = %1$L)', family, name);
    end loop;
  end loop;
  for name in select relname from pg_class where relnamespace = 'report'::regnamespace and relkind = 'r' loop
    execute format('alter table report.%I enable row level security', name);
    execute format('create policy reader on report.%I for select to hva_reader, hva_steward using (true)', name);
  end loop;
end $$;
create policy writer on report.freshness to hva_ingest using (true);
revoke all on all tables in schema reference from hva_reader;
revoke usage on schema reference from hva_reader;
