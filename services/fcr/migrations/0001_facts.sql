-- Facts of the contact stream, the additive buckets of their figures, and the cells of those that do not add up.
-- Locks: none worth mentioning, all tables are new. A retracted fact keeps county, id and rank only.

-- Pseudonyms by number, and the person that each is of: the least number among those that merges join. Links and counts
-- of clients are over persons, and a number is a third of a pseudonym.
create table fcr.client (
  county text, client text, number bigint not null generated always as identity, person bigint,
  primary key (county, client)
);
create table fcr.merge (
  county text not null, id text not null, rank bytea not null, retracted boolean not null,
  one text, other text,
  primary key (county, id)
);
create index merge_of_one on fcr.merge (county, one) where one is not null;
create index merge_of_other on fcr.merge (county, other) where other is not null;

create table fcr.contact (
  county text not null, id text not null, rank bytea not null, retracted boolean not null,
  unit text, unit_row bigint, day date, line text, channel text, own_client text, person bigint, segment text not null,
  direction text, excluded text,
  started_at timestamptz, answered_at timestamptz, ended_at timestamptz, answer_mode text,
  callback_requested_at timestamptz, callback_first_attempt_at timestamptz, callback_reached_at timestamptz,
  promised_by timestamptz, due timestamptz, abandoned boolean not null, planned boolean not null,
  transfers bigint not null, reason text, outcome text, classification text,
  counted boolean not null, handled boolean not null, repeatable boolean not null, awaits boolean not null,
  callback_same_day boolean not null, over_at timestamptz, repeats_within smallint, repeated_within smallint,
  primary key (county, id)
);
-- From a person, who is of one county, to the contacts near a time: links. Without the county in it, it is the only
-- index that such a query can use, whatever the planner believes.
create index contact_of_person on fcr.contact (person, started_at) where person is not null;
-- The contacts of a period: figures that count clients, and explanations. It is partial so that nothing but days can use
-- it: whole, it was taken for probes by id where statistics knew nothing of a county, and each read all of the county.
create index contact_of_day on fcr.contact (county, day) where day is not null;
-- Promises that nobody has kept or broken yet, by when they fall due.
create index contact_awaited on fcr.contact (due) where awaits and due is not null;

create table fcr.hyte (
  county text not null, id text not null, rank bytea not null, retracted boolean not null,
  unit text, unit_row bigint, day date, kind text, amount bigint not null,
  primary key (county, id)
);

-- Buckets: counts of one local day, and of one month by channel and segment, under the row of the unit register
-- that was valid on the fact's day. Only differences are ever added; a row of zeros says nothing. What adds up numbers of
-- senders is numeric: two of them may be more than a bigint holds.
create table fcr.access_day (
  county text, day date, unit_row bigint, line text,
  inbound bigint not null, early bigint not null, handled bigint not null, direct bigint not null,
  callback bigint not null, callback_requested bigint not null, callback_same_day bigint not null,
  promised bigint not null, promise_kept bigint not null, awaited bigint not null, transfers numeric not null,
  bounced bigint not null, phone bigint not null, chat bigint not null, sms bigint not null,
  digital_booking bigint not null, w0 bigint not null, w1 bigint not null, w2 bigint not null, w3 bigint not null,
  w4 bigint not null, w5 bigint not null, w6 bigint not null, w7 bigint not null, w8 bigint not null,
  w9 bigint not null, w10 bigint not null, w11 bigint not null, w12 bigint not null, w13 bigint not null,
  primary key (county, day, unit_row, line)
);
create table fcr.access_month (
  county text, month date, unit_row bigint, channel text, segment text, line text,
  inbound bigint not null, early bigint not null, handled bigint not null, direct bigint not null,
  callback bigint not null, callback_requested bigint not null, callback_same_day bigint not null,
  promised bigint not null, promise_kept bigint not null, awaited bigint not null, transfers numeric not null,
  bounced bigint not null, phone bigint not null, chat bigint not null, sms bigint not null,
  digital_booking bigint not null, w0 bigint not null, w1 bigint not null, w2 bigint not null, w3 bigint not null,
  w4 bigint not null, w5 bigint not null, w6 bigint not null, w7 bigint not null, w8 bigint not null,
  w9 bigint not null, w10 bigint not null, w11 bigint not null, w12 bigint not null, w13 bigint not null,
  primary key (county, month, unit_row, channel, segment, line)
);

create table fcr.handled_day (
  county text, day date, unit_row bigint, line text, outcome text, classification text,
  handled bigint not null, linkable bigint not null, guided bigint not null, unrepeated_1 bigint not null,
  unrepeated_7 bigint not null, unrepeated_30 bigint not null, repeats_1 bigint not null, repeats_7 bigint not null,
  repeats_30 bigint not null,
  primary key (county, day, unit_row, line, outcome, classification)
);
create table fcr.handled_month (
  county text, month date, unit_row bigint, channel text, segment text, line text, outcome text, classification text,
  handled bigint not null, linkable bigint not null, guided bigint not null, unrepeated_1 bigint not null,
  unrepeated_7 bigint not null, unrepeated_30 bigint not null, repeats_1 bigint not null, repeats_7 bigint not null,
  repeats_30 bigint not null,
  primary key (county, month, unit_row, channel, segment, line, outcome, classification)
);

create table fcr.hyte_count_day (
  county text, day date, unit_row bigint, kind text,
  amount numeric not null,
  primary key (county, day, unit_row, kind)
);
create table fcr.hyte_count_month (
  county text, month date, unit_row bigint, channel text, segment text, kind text,
  amount numeric not null,
  primary key (county, month, unit_row, channel, segment, kind)
);

-- Figures that count clients do not add up over days or places: their cells are stored, and counted anew as a whole
-- for a county and period that is in `stale`. `mark` grows with every change, so that one that comes while the cells
-- are counted is not forgotten; the cells hold every change up to `counted`.
create table fcr.stale (
  county text, period_kind text, period text, mark bigint not null default 1, counted bigint not null default 0,
  since timestamptz not null default clock_timestamp(),
  primary key (county, period_kind, period)
);
create table fcr.client_cell (
  county text, period_kind text, period text, scope_level text, scope text, channel text, segment text,
  window_days integer, clients bigint not null, clients_not_repeated bigint not null,
  primary key (county, period_kind, period, scope_level, scope, channel, segment, window_days)
);
create table fcr.revolving_cell (
  county text, period_kind text, period text, scope_level text, scope text, segment text,
  clients bigint not null, revolving_clients bigint not null,
  primary key (county, period_kind, period, scope_level, scope, segment)
);

-- By which version of the registers the facts of a county were derived, and how far a refold to another has come.
create table fcr.refold (
  county text primary key, version text not null, registers text not null,
  target text, place integer not null default 0, after_id text not null default '',
  changed_at timestamptz not null default clock_timestamp()
);

-- Clients whose facts are gone for ever. What stays of an erased fact is what stays of a retracted one: id and rank.
create table fcr.erased (county text, client text, primary key (county, client));

-- When a client is a member of the multidisciplinary segment, as the segment stream tells it: local dates from a first
-- up to and without its until, which is infinity where it is open. Only a greater version takes a row's place.
create table fcr.membership (
  county text, client text, version bigint not null, firsts date[] not null, untils date[] not null,
  primary key (county, client)
);
