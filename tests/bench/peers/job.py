"""What the peers in Python share: how a canonical record of the feedback stream is read, and what a version changes.

It imports nothing of the product, since the peers run in an environment of their own.
"""

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

KEYS: Final = ("county", "month", "unit", "channel")
COUNTS: Final = ("responses", "detractors", "passives", "promoters", "invitations", "feedback")
SESSION_MS: Final = 10_000  # a killed consumer is missed for so long; the default of librdkafka is 45 s
ZONE: Final = "Europe/Helsinki"
_HELSINKI: Final = ZoneInfo(ZONE)


def read(value: bytes) -> dict[str, Any]:
    """A version of a fact: `fact` (its key), `rank` (the higher one wins), `cell` (joined keys, None if it counts
    nothing) and `counts` (what it adds to the cell)."""
    event = orjson.loads(value)
    data = event["data"]
    name = next(name for name in ("response_id", "feedback_id", "invitation_id") if name in data)
    cell, counts = None, [0] * len(COUNTS)
    if "unit" in data and _count(name, data, counts):
        time = data.get("answered_at") or data.get("given_at") or data["invited_at"]
        month = datetime.fromisoformat(time).astimezone(_HELSINKI).strftime("%Y-%m")
        cell = "|".join((event["county"], month, data["unit"], data["channel"]))
    return {
        "fact": f"{event['county']}|{name}|{data[name]}",
        "rank": f"{data['revision']:06}|{event['time']}|{event['source']}|{event['id']}|{event['digest']}",
        "cell": cell,
        "counts": counts,
    }


def _count(name: str, data: dict[str, Any], counts: list[int]) -> bool:
    """Set what a fact counts, and return whether it counts anything."""
    if name == "feedback_id":
        counts[5] = 1
    elif name == "invitation_id":
        counts[4] = int(data["delivered"] and data["channel"] != "device")
    elif data["respondent"] == "client":
        counts[0] = 1
        for answer in data["answers"]:
            if answer["question"] == "recommend":
                counts[1 if answer["value"] <= 6 else 2 if answer["value"] <= 8 else 3] = 1
    return any(counts)


def changes(old: dict[str, Any] | None, new: dict[str, Any]) -> list[tuple[str, list[int]]]:
    """What a new version of a fact adds to cells: its own counts, and those of the old version subtracted."""
    found = []
    if old is not None and old["cell"] is not None:
        found.append((old["cell"], [-count for count in old["counts"]]))
    if new["cell"] is not None:
        found.append((new["cell"], new["counts"]))
    return found


def add(old: list[int] | None, counts: list[int]) -> list[int]:
    """The sum of two lists of counts."""
    return counts if old is None else [a + b for a, b in zip(old, counts, strict=True)]


def columns(cell: str, counts: list[int]) -> dict[str, Any]:
    """The columns of a cell."""
    return {**dict(zip(KEYS, cell.split("|"), strict=True)), **dict(zip(COUNTS, counts, strict=True))}
