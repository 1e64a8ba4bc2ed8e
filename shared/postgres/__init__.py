"""The PostgreSQL edge: pool, county lock, migrations, dead letters, buckets."""
