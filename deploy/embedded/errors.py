"""Errors of starting Kafka and PostgreSQL, worded for the user."""


class EmbeddedError(Exception):
    """One clear sentence that names the problem and the remedy."""
