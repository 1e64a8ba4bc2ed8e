-- Facts of the care stream, who belongs to the multidisciplinary segment when, and the additive buckets of the figures.
-- Locks: none worth mentioning, all tables are new. A retracted fact keeps county, id and rank only.

-- Pseudonyms by number, and the person that each is of: the least number among those that merges join.
create table segments.client (
  county text, client text, number bigint not null generated always as identity, person bigint,
  primary key (county, client)
);
create index client_of_person on segments.client (person);
-- Persons in order. It begins with no county, since an index that does may be taken for any probe of a county.
create index client_alone on segments.client (number) where number = person;
create table segments.merge (
  county text not null, id text not null, rank bytea not null, retracted boolean not null,
  one text, other text,
  primary key (county, id)
);
create index merge_of_one on segments.merge (county, one) where one is not null;
create index merge_of_other on segments.merge (county, other) where other is not null;

create table segments.service_event (
  county text not null, id text not null, rank bytea not null, retracted boolean not null,
  unit text, unit_row bigint, day date, own_client text, person bigint, sector text, event_class text, status text,
  occurred_at timestamptz, segment text not null, done boolean not null,
  primary key (county, id)
);
-- From a person, who is of one county, to the service events: evidence, labels and cohorts ask for those that count,
-- merges and erasures for all.
create index event_of_person on segments.service_event (person, day) include (unit_row, sector, done)
  where person is not null;
-- The service events of a period: explanations, and the clients behind those of members.
create index event_of_day on segments.service_event (county, day) where day is not null;

create table segments.flag (
  county text not null, id text not null, rank bytea not null, retracted boolean not null,
  own_client text, person bigint, valid_from date, valid_to date,
  primary key (county, id)
);
create index flag_of_person on segments.flag (person) where person is not null;
create table segments.plan (
  county text not null, id text not null, rank bytea not null, retracted boolean not null,
  own_client text, person bigint, valid_from date, valid_to date,
  primary key (county, id)
);
create index plan_of_person on segments.plan (person) where person is not null;
create table segments.assignment (
  county text not null, id text not null, rank bytea not null, retracted boolean not null,
  own_client text, person bigint, valid_from date, valid_to date, scheme text, segment text,
  primary key (county, id)
);
create index assignment_of_person on segments.assignment (person) where person is not null;
create table segments.assessment (
  county text not null, id text not null, rank bytea not null, retracted boolean not null,
  unit text, unit_row bigint, day date, own_client text, person bigint, assessed_at timestamptz, result text,
  battery text, sex text,
  primary key (county, id)
);
create index assessment_of_person on segments.assessment (person, assessed_at, id) where person is not null;
create index assessment_of_day on segments.assessment (county, day) where day is not null;

-- When a person is a member: local dates from `first` up to and without `until`, which is infinity where it is open.
-- Intervals of a person neither touch nor overlap.
create table segments.membership (
  county text, person bigint, first date, until date not null,
  primary key (person, first)
);
create index membership_of_county on segments.membership (county, first, until);

-- Buckets: counts of one local day, and of one month by segment, under the row of the unit register that was valid on
-- the fact's day. Channel says nothing here. Only differences are ever added; a row of zeros says nothing.
create table segments.care_day (
  county text, day date, unit_row bigint, sector text, event_class text,
  events bigint not null, member_events bigint not null,
  primary key (county, day, unit_row, sector, event_class)
);
create table segments.care_month (
  county text, month date, unit_row bigint, channel text, segment text, sector text, event_class text,
  events bigint not null, member_events bigint not null,
  primary key (county, month, unit_row, channel, segment, sector, event_class)
);
create table segments.suuntima_day (
  county text, day date, unit_row bigint, battery text, sex text, result text,
  assessments bigint not null,
  primary key (county, day, unit_row, battery, sex, result)
);
create table segments.suuntima_month (
  county text, month date, unit_row bigint, channel text, segment text, battery text, sex text, result text,
  assessments bigint not null,
  primary key (county, month, unit_row, channel, segment, battery, sex, result)
);

-- The membership of every pseudonym as the segment stream tells it, a JSON text; `pending` while it is still to be put
-- out. `version` only grows.
create table segments.history (
  county text, client text, version bigint not null, intervals text not null, pending boolean not null,
  primary key (county, client)
);
create index history_pending on segments.history (county, client) where pending;

-- By which version of the registers the facts of a county were derived, and how far a refold to another has come.
create table segments.refold (
  county text primary key, version text not null, registers text not null,
  target text, place integer not null default 0, after_id text not null default '',
  changed_at timestamptz not null default clock_timestamp()
);

-- Clients whose facts are gone for ever. What stays of an erased fact is what stays of a retracted one: id and rank.
create table segments.erased (county text, client text, primary key (county, client));
