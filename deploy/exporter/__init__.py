"""Metrics of Kafka and PostgreSQL for Prometheus: lag of consumer groups and state of the servers."""
