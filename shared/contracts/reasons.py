"""Why an event is refused: the closed list, in the order in which the first that applies is the one told."""

from enum import StrEnum


class Reason(StrEnum):
    """Reason of a dead letter. The order of the members is the order of the checks."""

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
    HANDLER_BUG = "handler_bug"  # ours, not the sender's
