-- Facts of the feedback stream and the additive buckets of their figures.
-- Locks: none worth mentioning, all tables are new. A retracted fact keeps county, id and rank only.
create table nps.invitation (
  county text not null, id text not null, rank bytea not null, retracted boolean not null,
  unit text, unit_row bigint, channel text, day date, label_day date, own_client text, segment text not null,
  invited_at timestamptz, delivered boolean not null, answered boolean not null,
  primary key (county, id)
);
-- From a client to its facts: labels and erasures. These are partial so that probes by id cannot use them.
create index invitation_of_client on nps.invitation (county, own_client) where own_client is not null;

create table nps.response (
  county text not null, id text not null, rank bytea not null, retracted boolean not null,
  unit text, unit_row bigint, channel text, day date, label_day date, own_client text, segment text not null,
  answered_at timestamptz, invitation_id text, client text, counts boolean not null, has_comment boolean not null,
  answers jsonb,
  primary key (county, id)
);
-- From an invitation to the responses that name it: response rate, and clients by inheritance.
create index response_of_invitation on nps.response (county, invitation_id) where invitation_id is not null;
create index response_of_client on nps.response (county, client) where client is not null;

create table nps.feedback (
  county text not null, id text not null, rank bytea not null, retracted boolean not null,
  unit text, unit_row bigint, channel text, day date, label_day date, own_client text, segment text not null,
  given_at timestamptz, kind text, themes jsonb not null, wants_reply boolean not null, replied_at timestamptz,
  in_time boolean not null,
  primary key (county, id)
);
create index feedback_of_client on nps.feedback (county, own_client) where own_client is not null;

-- Buckets: counts of one local day, and of one month by channel and segment, under the row of the unit register
-- that was valid on the fact's day. Only differences are ever added; a row of zeros says nothing.
create table nps.answer_day (
  county text, day date, unit_row bigint, question text,
  a0 bigint not null, a1 bigint not null, a2 bigint not null, a3 bigint not null, a4 bigint not null,
  a5 bigint not null,
  primary key (county, day, unit_row, question)
);
create table nps.answer_month (
  county text, month date, unit_row bigint, channel text, segment text, question text,
  a0 bigint not null, a1 bigint not null, a2 bigint not null, a3 bigint not null, a4 bigint not null,
  a5 bigint not null,
  primary key (county, month, unit_row, channel, segment, question)
);

create table nps.response_count_day (
  county text, day date, unit_row bigint, responses bigint not null, with_comment bigint not null,
  primary key (county, day, unit_row)
);
create table nps.response_count_month (
  county text, month date, unit_row bigint, channel text, segment text,
  responses bigint not null, with_comment bigint not null,
  primary key (county, month, unit_row, channel, segment)
);

create table nps.invitation_count_day (
  county text, day date, unit_row bigint, delivered bigint not null, answered bigint not null,
  primary key (county, day, unit_row)
);
create table nps.invitation_count_month (
  county text, month date, unit_row bigint, channel text, segment text,
  delivered bigint not null, answered bigint not null,
  primary key (county, month, unit_row, channel, segment)
);

create table nps.feedback_count_day (
  county text, day date, unit_row bigint, kind text, theme text,
  n bigint not null, wants_reply bigint not null, replied bigint not null, replied_in_time bigint not null,
  primary key (county, day, unit_row, kind, theme)
);
create table nps.feedback_count_month (
  county text, month date, unit_row bigint, channel text, segment text, kind text, theme text,
  n bigint not null, wants_reply bigint not null, replied bigint not null, replied_in_time bigint not null,
  primary key (county, month, unit_row, channel, segment, kind, theme)
);

-- By which version of the registers the facts of a county were derived, and how far a refold to another has come.
create table nps.refold (
  county text primary key, version text not null, registers text not null,
  target text, place integer not null default 0, after_id text not null default '',
  changed_at timestamptz not null default clock_timestamp()
);

-- Clients whose facts are gone for ever. What stays of an erased fact is what stays of a retracted one: id and rank.
create table nps.erased (county text, client text, primary key (county, client));

-- When a client is a member of the multidisciplinary segment, as the segment stream tells it: local dates from a first
-- up to and without its until, which is infinity where it is open. Only a greater version takes a row's place.
create table nps.membership (
  county text, client text, version bigint not null, firsts date[] not null, untils date[] not null,
  primary key (county, client)
);
