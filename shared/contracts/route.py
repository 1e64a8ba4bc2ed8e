"""Finds the raw topic of a line, to load or check files."""

from typing import Final

from shared.contracts.catalogue import Stream
from shared.contracts.event_types import EVENT_TYPES
from shared.contracts.strict_json import Undecodable, parse

UNROUTED: Final = Stream.CARE  # for lines without a known type; ingest reports their problem


def stream_of(value: bytes) -> Stream:
    """Return the stream of the event's type, or `UNROUTED` if the type is unknown."""
    try:
        tree = parse(value).tree
    except Undecodable:
        return UNROUTED
    name = tree.get("type") if isinstance(tree, dict) else None
    known = EVENT_TYPES.get(name) if isinstance(name, str) else None
    return known.stream if known else UNROUTED


def is_blank(line: bytes) -> bool:
    """Whether a line contains only JSON white space; such lines are skipped."""
    return not line.strip(b" \t\r\n")
