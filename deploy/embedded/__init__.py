"""The embedded run: a real Kafka and a real PostgreSQL from Python packages, on loopback, in one folder."""
