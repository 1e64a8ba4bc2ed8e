"""The embedded default: a real Kafka and a real PostgreSQL out of packages, on loopback, in one folder."""
