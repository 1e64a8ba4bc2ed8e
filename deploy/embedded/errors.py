"""What can go wrong on the way to a running Kafka and PostgreSQL, in words for the person at the keyboard."""


class EmbeddedError(Exception):
    """One clear sentence that says what is missing and names the remedy."""
