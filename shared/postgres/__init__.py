"""The PostgreSQL edge: pool, county lock, migrations, facts, buckets, dead letters, refold and replay."""
