"""Who an event is about: the client object to a pseudonym, and no personal identity code anywhere else."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import orjson

from services.ingest.envelope import Envelope, Opened
from services.ingest.hetu import holds_code, shapes
from services.ingest.pseudonym import Keyring
from services.ingest.refusal import Refusal
from shared.contracts.event_types import EventType
from shared.contracts.reasons import Reason
from shared.contracts.strict_json import texts
from shared.contracts.types import LONGEST, PSEUDONYM

_IDS: Final = ("hetu", "local_id", "pid")
_PID: Final = re.compile(PSEUDONYM[1:-1]).fullmatch
_SYSTEM: Final = re.compile(r"[a-z0-9-]+").fullmatch


def pseudonym_of_hetu(
    envelope: Envelope, kind: EventType, keyring: Keyring, today: date
) -> dict[str, str]:
    """Pseudonyms of the client fields that hold a `hetu` text. Raises Refusal for `personal_id` when one is bad."""
    found: dict[str, str] = {}
    for name in kind.clients:
        client = envelope.data.get(name)
        hetu = client.get("hetu") if type(client) is dict else None
        if type(hetu) is str:
            pseudonym = keyring.of_hetu(envelope.county, hetu, today)
            if pseudonym is None:
                raise Refusal(Reason.PERSONAL_ID, f"data.{name}.hetu is not a valid personal identity code")
            found[name] = pseudonym
    return found


def refuse_codes(raw: bytes, opened: Opened, kind: EventType, expected: int) -> None:
    """Raises Refusal for `personal_id` when a code stands anywhere but in a client's `hetu` or the comment.

    `expected` codes of clients are in `raw`. Where the prefilter sees exactly those, no text needs to be looked at.
    """
    if b"\\u" in raw:
        raw = _unescaped(opened.event)
    if shapes(raw) == expected and not any(shapes(_header(header)) for header in opened.headers):
        return
    if any(map(holds_code, _elsewhere(opened, kind))):
        raise Refusal(Reason.PERSONAL_ID, "a personal identity code stands outside of client.hetu")


def _unescaped(event: Any) -> bytes:
    """JSON in which no escape hides a digit; empty, so that the texts are looked at, where a number prevents it."""
    try:
        return orjson.dumps(event)
    except TypeError:
        return b"000000-000000-000"


def _header(header: tuple[str, bytes | None]) -> bytes:
    name, content = header
    return str(name).encode("utf-8", "replace") + b"\n" + (content or b"")


def _elsewhere(opened: Opened, kind: EventType) -> Iterator[str]:
    """Every text of the event, names too, but for the comment and the codes of clients."""
    for name, content in opened.headers:
        yield str(name)
        yield (content or b"").decode("utf-8", "replace")
    for name, value in opened.event.items():
        yield name
        if name != "data":
            yield from texts(value)
    for name, value in opened.event["data"].items():
        yield name
        if name in kind.clients and type(value) is dict and type(value.get("hetu")) is str:
            yield from texts({key: part for key, part in value.items() if key != "hetu"})
        elif not (name == "comment" and kind.has_comment):
            yield from texts(value)


def pseudonym(
    client: object, name: str, of_hetu: str | None, envelope: Envelope, keyring: Keyring
) -> tuple[str, int]:
    """The pseudonym of a client object and how many fields of it are unknown. Raises Refusal for `schema`."""
    if type(client) is not dict:
        raise Refusal(Reason.SCHEMA, f"data.{name} is not an object")
    given = [key for key in _IDS if client.get(key) is not None]
    if len(given) != 1:
        raise Refusal(Reason.SCHEMA, f"data.{name} has not exactly one of hetu, local_id, pid")
    value = client[given[0]]
    if given[0] == "hetu":
        if of_hetu is None:
            raise Refusal(Reason.SCHEMA, f"data.{name}.hetu is not a text")
        return of_hetu, _unknown(client, "")
    if given[0] == "pid":
        if type(value) is not str or not _PID(value):
            raise Refusal(Reason.SCHEMA, f"data.{name}.pid is not a pseudonym")
        return value, _unknown(client, "")
    system = client.get("system")
    if type(value) is not str or not 0 < len(value) <= LONGEST or "\0" in value:
        raise Refusal(Reason.SCHEMA, f"data.{name}.local_id is not a text of 1-{LONGEST} characters")
    if system is not None and (type(system) is not str or not _SYSTEM(system)):
        raise Refusal(Reason.SCHEMA, f"data.{name}.system is not of a-z, 0-9 and -")
    return keyring.of_local(envelope.county, system or envelope.system, value), _unknown(client, "system")


def _unknown(client: dict[str, Any], also: str) -> int:
    return len(client) - sum(key in client for key in (*_IDS, also))
