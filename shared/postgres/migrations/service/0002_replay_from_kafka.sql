-- A replay may begin with what Kafka retains; `records` is how many were read again, null until all of them are.
alter table {schema}.replay
  add column from_kafka boolean not null default false,
  add column records bigint;
