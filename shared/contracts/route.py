"""To which raw topic a line belongs, for those who load or check files."""

from typing import Final

from shared.contracts.catalogue import Stream
from shared.contracts.event_types import EVENT_TYPES
from shared.contracts.strict_json import Undecodable, parse

UNROUTED: Final = Stream.CARE  # what cannot be routed goes there, and ingest says what is wrong with it


def stream_of(value: bytes) -> Stream:
    """The stream of the event's type; care where there is no telling."""
    try:
        tree = parse(value).tree
    except Undecodable:
        return UNROUTED
    name = tree.get("type") if isinstance(tree, dict) else None
    known = EVENT_TYPES.get(name) if isinstance(name, str) else None
    return known.stream if known else UNROUTED


def is_blank(line: bytes) -> bool:
    """Nothing but JSON's white space: such a line of a file is skipped."""
    return not line.strip(b" \t\r\n")
