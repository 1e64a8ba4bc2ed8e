"""The segment under which a fact counts."""

from typing import Final

UNKNOWN: Final = "unknown"
OTHER: Final = "other"
MEMBER: Final = "multidisciplinary"


def label(client: str | None) -> str:
    """The segment of a fact by its client. Membership arrives with the segment stream; until then `other`."""
    return UNKNOWN if client is None else OTHER
