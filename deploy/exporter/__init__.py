"""What Prometheus cannot ask Kafka and PostgreSQL itself: how far behind groups are, and how the servers do."""
