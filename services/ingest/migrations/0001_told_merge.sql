-- Merges that ingest has told of pseudonyms under different keys, by the ids that it gave them, so that it tells each
-- once and not at every event. Locks: none worth mentioning, the table is new.
create table ingest.told_merge (merge_id text primary key);
