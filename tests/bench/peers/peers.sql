-- The table that every stream framework keeps: one row per county, local month, unit and channel.
create schema peers;
create table peers.cell (
  county text, month text, unit text, channel text,
  responses bigint not null, detractors bigint not null, passives bigint not null, promoters bigint not null,
  invitations bigint not null, feedback bigint not null,
  primary key (county, month, unit, channel)
);
