-- Closed periods, and the facts that changed in them since. `closed_period`: from when it is written, under the county's
-- lock, writers log every change of a fact that counts, or counted, on one of its days.
create table {schema}.closed_period (
  county text not null, period text not null, first_day date not null, last_day date not null,
  primary key (county, period)
);
-- One change of a fact. `log_position` grows in the order in which the transactions of a county commit, so that the greatest
-- position that a snapshot sees says which changes it includes. `rank` is that of the event that caused the change; null
-- if it was none. `before` and `after` are the contributions of the fact.
create table {schema}.restated_fact (
  log_position bigint generated always as identity, county text not null, kind text not null, id text not null,
  cause text not null check (cause in
    ('late', 'corrected', 'retracted', 'merged', 'erased', 'relabelled', 'register', 'rule')),
  rank bytea, before jsonb not null, after jsonb not null, at timestamptz not null default clock_timestamp(),
  primary key (county, log_position)
);
create view {schema}.restated_count as
select f.county, f.log_position, f.kind, f.id, f.cause, f.rank, f.at, side.sign, counted.measure, counted.day,
       counted.until,       counted.unit_row, counted.channel, counted.segment, counted.codes, counted.counts, counted.amount
from {schema}.restated_fact f
cross join lateral (values (-1, f.before), (1, f.after)) side(sign, contributions)
cross join lateral jsonb_to_recordset(side.contributions) counted(
  measure text, day date, until date, unit_row bigint, channel text, segment text, codes text[], counts text[], amount numeric);
-- What a publication includes, and then an edition: the log position, and the flags of outcomes. Figures read these flags
-- from the register, so they change without any fact.
alter table {schema}.published add column restated_position bigint not null default 0, add column outcomes jsonb;
create table {schema}.closed_edition (
  county text not null, period text not null, edition integer not null, restated_position bigint not null, outcomes jsonb,
  primary key (county, period, edition)
);
-- The changes in a period since its newest edition.
create function {schema}.change_since_edition(county text, period text)
  returns setof {schema}.restated_count language sql stable as $$
  select c.*
  from (
    select p.first_day, p.last_day, e.restated_position
    from {schema}.closed_edition e
    join {schema}.closed_period p on (p.county, p.period) = (e.county, e.period)
    where e.county = $1 and e.period = $2
    order by e.edition desc limit 1) closed
  join {schema}.restated_count c on c.county = $1 and c.log_position > closed.restated_position
    and c.day <= closed.last_day and coalesce(c.until, c.day + 1) > closed.first_day
$$;
