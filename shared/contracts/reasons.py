"""Why an event is rejected: the closed list. The first reason that applies, in this order, is reported."""

from enum import StrEnum


class Reason(StrEnum):
    """Reason of a dead letter, in the order of the checks."""

    TOO_LARGE = "too_large"
    UNDECODABLE = "undecodable"
    ENVELOPE = "envelope"
    UNKNOWN_SOURCE = "unknown_source"
    UNKNOWN_TYPE = "unknown_type"
    WRONG_TOPIC = "wrong_topic"
    PERSONAL_ID = "personal_id"
    SCHEMA = "schema"
    UNKNOWN_UNIT = "unknown_unit"
    FUTURE_TIME = "future_time"
    HANDLER_BUG = "handler_bug"  # our error, not the sender's
