"""The events of the benchmarks: simulated events of one stream, converted to canonical records once.

A salt gives the same events other business ids and clients, so that a measurement can be repeated with new facts that
have the same neighbours. Ids are hashes by default: random ids are the hard case for indexes, growing numbers (as in
the simulation) the easy one.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import md5
from itertools import islice
from pathlib import Path
from typing import Final

import orjson

from deploy.simulate import Options, stream
from services.ingest.context import Contexts
from services.ingest.validate import Accepted, validate
from shared.contracts.catalogue import RAW, Stream, Topic
from shared.contracts.event_types import PERSON_KINDS
from shared.contracts.route import stream_of
from shared.edge.produce import Outgoing
from shared.keys import Key
from shared.pseudonym import Keyring
from shared.registers import Registers

UNTIL: Final = date(2026, 7, 1)
_NOW: Final = datetime(2026, 7, 2, tzinfo=UTC)
_SHARES: Final = {
    Stream.FEEDBACK: 0.18,
    Stream.CONTACT: 0.23,
    Stream.CARE: 0.5,
}  # of the simulation's events, slightly underestimated
_EVENTS_PER_CLIENT_YEAR: Final = 22.0  # slightly underestimated
_SECRET: Final = b"benchmarks have nothing to hide."
_IDS: Final = (
    *("response_id", "feedback_id", "invitation_id", "contact_id", "count_id"),
    *("service_event_id", "flag_id", "plan_id", "assessment_id", "assignment_id"),
)
_ID_PATTERN: Final = re.compile(rb'"(%b)":"([^"]+)"' % "|".join((*_IDS, "client")).encode())
_DATE_PATTERN: Final = re.compile(rb'"(\d{4}-\d\d-\d\d)(?=["T])')  # of a timestamp or a date

CLIENTS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Event:
    """A canonical record without its topic, and its original line."""

    key: bytes | None
    value: bytes
    line: bytes


def lines(events: int, seed: int = 1) -> Iterator[bytes]:
    """At least that many lines from all streams, in order of arrival."""
    days = min(3660, 15 + int(events * 365 / (CLIENTS * _EVENTS_PER_CLIENT_YEAR)))
    return stream(Options(until=UNTIL, days=days, clients=CLIENTS, seed=seed, bad=0.0))


def raw(events: int, seed: int = 1) -> list[Outgoing]:
    """Lines of all streams for the raw topics."""
    return [Outgoing(RAW[stream_of(line)].name, None, line) for line in islice(lines(events, seed), events)]


def canonical(events: int, registers: Registers, stream: Stream = Stream.FEEDBACK, seed: int = 1) -> list[Event]:
    """Events of one stream as ingest writes them to its canonical topic; without merges and erasures."""
    contexts = Contexts(registers, Keyring((Key("bench", _SECRET),)), lambda: _NOW)
    found: list[Event] = []
    for line in lines(int(events / _SHARES[stream]), seed):
        if stream_of(line) is stream:
            verdict = validate(line, (), stream, contexts.now())
            if isinstance(verdict, Accepted) and verdict.kind not in PERSON_KINDS:
                found.append(Event(verdict.key, verdict.value, line))
                if len(found) == events:
                    break
    return found


def salted(events: list[Event], salt: str, *, scattered: bool = True, days: int = 0) -> list[Event]:
    """The same events with other ids and clients, `days` earlier. Links between them stay."""
    prefix, moved = salt.encode(), dict[bytes, bytes]()

    def rename(match: re.Match[bytes]) -> bytes:
        id = prefix + match[2]
        hashed = md5(id, usedforsecurity=False).hexdigest().encode()
        if match[1] == b"client":
            return b'"client":"bench.%b"' % hashed[:22]
        return b'"%b":"%b"' % (match[1], hashed if scattered else id)

    def move(match: re.Match[bytes]) -> bytes:
        if match[1] not in moved:
            day = date.fromisoformat(match[1].decode()) - timedelta(days)
            moved[match[1]] = b'"' + day.isoformat().encode()
        return moved[match[1]]

    def change(value: bytes) -> bytes:
        renamed = _ID_PATTERN.sub(rename, value)
        return _DATE_PATTERN.sub(move, renamed) if days else renamed

    return [Event(event.key, change(event.value), change(event.line)) for event in events]


def with_fact_ids(events: Iterable[Event]) -> Iterator[tuple[Event, str | None]]:
    """Each event with its business id; None for corrections, repeats and retractions."""
    seen: set[str] = set()
    for event in events:
        data = orjson.loads(event.value)["data"]
        # a response names its invitation as well
        id = next(data[name] for name in _IDS if name in data)
        yield event, None if id in seen or "unit" not in data else id
        seen.add(id)


def outgoing(events: list[Event], topic: Topic, prefix: str) -> list[Outgoing]:
    """The events as records of the canonical topic."""
    return [Outgoing(prefix + topic.name, event.key, event.value) for event in events]


def registers_folder() -> Path:
    """The project's registers, which contain the simulation's units."""
    return Path(__file__).parents[2] / "deploy" / "config"
