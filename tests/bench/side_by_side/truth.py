"""What the cells must be, recomputed from the log without the code of any contender."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

_HELSINKI: Final = ZoneInfo("Europe/Helsinki")
_TIMES: Final = {"response_id": "answered_at", "feedback_id": "given_at", "invitation_id": "invited_at"}


class Truth:
    """The winning version of every fact of a log, in any order and with any repeats."""

    def __init__(self) -> None:
        self._best: dict[tuple[str, str, str], tuple[tuple[Any, ...], dict[str, Any]]] = {}

    def add(self, values: Iterable[bytes]) -> None:
        """Add canonical records."""
        for value in values:
            event = orjson.loads(value)
            data = event["data"]
            kind = next(name for name in _TIMES if name in data)
            rank = (data["revision"], event["time"], event["source"], event["id"], event["digest"])
            fact = (event["county"], kind, data[kind])
            if fact not in self._best or self._best[fact][0] < rank:
                self._best[fact] = (rank, event)

    def cells(self) -> dict[tuple[str, ...], tuple[int, ...]]:
        """Counts by county, local month, unit and channel: responses of clients, their detractors, passives and
        promoters, delivered invitations without those of devices, direct feedback."""
        cells: dict[tuple[str, ...], list[int]] = {}
        for (county, kind, _), (_, event) in self._best.items():
            data = event["data"]
            counted = _counted(kind, data) if "unit" in data else []
            if counted:
                local = datetime.fromisoformat(data[_TIMES[kind]]).astimezone(_HELSINKI)
                key = (county, f"{local.year}-{local.month:02}", data["unit"], data["channel"])
                cell = cells.setdefault(key, [0] * 6)
                for column in counted:
                    cell[column] += 1
        return {key: tuple(cell) for key, cell in cells.items()}

    def days(self) -> dict[tuple[str, ...], tuple[int, ...]]:
        """Facts by county, UTC day, unit and type, which is what the naive service counts."""
        facts = (event for _, event in self._best.values() if "unit" in event["data"])
        counts = Counter((e["county"], e["time"][:10], e["data"]["unit"], e["type"]) for e in facts)
        return {key: (count,) for key, count in counts.items()}


def _counted(kind: str, data: dict[str, Any]) -> list[int]:
    if kind == "feedback_id":
        return [5]
    if kind == "invitation_id":
        return [4] if data["delivered"] and data["channel"] != "device" else []
    if data["respondent"] != "client":
        return []
    answers = {answer["question"]: answer["value"] for answer in data["answers"]}
    score = answers.get("recommend")
    return [0] if score is None else [0, 3 if score >= 9 else 2 if score >= 7 else 1]


def facts_that_count_once(values: Iterable[bytes]) -> list[int]:
    """The positions of records whose fact has no other version and adds one fact to the cells."""
    seen: dict[tuple[str, str, str], int] = {}
    events = [orjson.loads(value) for value in values]
    keys = []
    for event in events:
        kind = next(name for name in _TIMES if name in event["data"])
        keys.append((event["county"], kind, event["data"][kind]))
        seen[keys[-1]] = seen.get(keys[-1], 0) + 1
    return [
        position
        for position, (key, event) in enumerate(zip(keys, events, strict=True))
        if seen[key] == 1 and "unit" in event["data"] and _counted(key[1], event["data"])
    ]
