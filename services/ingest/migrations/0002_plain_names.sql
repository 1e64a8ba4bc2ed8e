-- The table gets the name that code and documentation use.
alter table ingest.told_merge rename to announced_merge;
alter index ingest.told_merge_pkey rename to announced_merge_pkey;
