"""Replaces the client object by a pseudonym, and refuses personal identity codes anywhere else."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from services.ingest.envelope import Envelope, ParsedRecord
from services.ingest.refusal import Refusal
from shared.contracts.event_types import EventType
from shared.contracts.reasons import Reason
from shared.contracts.strict_json import classed, texts
from shared.contracts.types import MAX_LENGTH, PSEUDONYM
from shared.hetu import holds_code, shapes
from shared.pseudonym import Keyring
from shared.record import Headers

_IDS: Final = frozenset({"hetu", "local_id", "pid"})
_LOCAL_IDS: Final = _IDS | {"system"}
_PID: Final = re.compile(PSEUDONYM[1:-1]).fullmatch
_SYSTEM: Final = re.compile(r"[a-z0-9-]+").fullmatch


def pseudonyms_of_hetus(envelope: Envelope, event_type: EventType, keyring: Keyring, today: date) -> dict[str, str]:
    """Pseudonyms of the client fields with a `hetu`, by field. Raises Refusal `personal_id` for an invalid code."""
    found: dict[str, str] = {}
    for name in event_type.clients:
        client = envelope.data.get(name)
        hetu = client.get("hetu") if type(client) is dict else None
        if type(hetu) is str:
            pseudonym = keyring.of_hetu(envelope.county, hetu, today)
            if pseudonym is None:
                raise Refusal(Reason.PERSONAL_ID, f"data.{name}.hetu: not a valid personal identity code")
            found[name] = pseudonym
    return found


def refuse_misplaced_hetus(parsed: ParsedRecord, event_type: EventType, expected: int) -> None:
    """Raises Refusal `personal_id` for a code anywhere but in a client's `hetu` or the comment.

    The clients of the event hold `expected` codes. When the prefilter finds exactly that many, no text is searched.
    """
    if shapes(parsed.document.classed) == expected and not (parsed.headers and _has_hetu_shape(parsed.headers)):
        return
    if any(map(holds_code, _other_texts(parsed, event_type))):
        raise Refusal(Reason.PERSONAL_ID, "a personal identity code outside of client.hetu")


def _has_hetu_shape(headers: Headers) -> bool:
    return any(shapes(classed(str(name).encode("utf-8", "replace") + (content or b""))) for name, content in headers)


def _other_texts(parsed: ParsedRecord, event_type: EventType) -> Iterator[str]:
    """Every text of the event, with the names of fields, except the comment and the codes of clients."""
    for name, content in parsed.headers:
        yield str(name)
        yield (content or b"").decode("utf-8", "replace")
    for name, value in parsed.event.items():
        yield name
        if name != "data":
            yield from texts(value)
    for name, value in parsed.event["data"].items():
        yield name
        if name in event_type.clients and type(value) is dict and type(value.get("hetu")) is str:
            yield from texts({key: part for key, part in value.items() if key != "hetu"})
        elif not (name == "comment" and event_type.has_comment):
            yield from texts(value)


def pseudonym(
    client: object, name: str, hetu_pseudonym: str | None, envelope: Envelope, keyring: Keyring
) -> tuple[str, int]:
    """The pseudonym of a client object, and its number of unknown fields. Raises Refusal `schema`."""
    if type(client) is not dict:
        raise Refusal(Reason.SCHEMA, f"data.{name}: not an object")
    hetu, local_id, pid = client.get("hetu"), client.get("local_id"), client.get("pid")
    if (hetu is None) + (local_id is None) + (pid is None) != 2:
        raise Refusal(Reason.SCHEMA, f"data.{name}: not exactly one of hetu, local_id, pid")
    if hetu is not None:
        if hetu_pseudonym is None:
            raise Refusal(Reason.SCHEMA, f"data.{name}.hetu: not a string")
        return hetu_pseudonym, _count_unknown(client, _IDS)
    if pid is not None:
        if type(pid) is not str or not _PID(pid):
            raise Refusal(Reason.SCHEMA, f"data.{name}.pid: not a pseudonym")
        return pid, _count_unknown(client, _IDS)
    system = client.get("system")
    if type(local_id) is not str or not 0 < len(local_id) <= MAX_LENGTH or "\0" in local_id:
        raise Refusal(Reason.SCHEMA, f"data.{name}.local_id: not a string of 1-{MAX_LENGTH} characters without U+0000")
    if system is not None and (type(system) is not str or not _SYSTEM(system)):
        raise Refusal(Reason.SCHEMA, f"data.{name}.system: not of a-z, 0-9 and -")
    found = keyring.of_local(envelope.county, system or envelope.system, local_id)
    return found, _count_unknown(client, _LOCAL_IDS)


def _count_unknown(client: dict[str, Any], known: frozenset[str]) -> int:
    return 0 if len(client) == 1 else len(client.keys() - known)


def pseudonyms_under_other_keys(client: dict[str, Any], envelope: Envelope, keyring: Keyring) -> tuple[str, ...]:
    """Pseudonyms of an accepted client object under all keys but the first. A `pid` has none: it is no identifier."""
    hetu, local_id = client.get("hetu"), client.get("local_id")
    if hetu is not None:
        return keyring.others_of_hetu(envelope.county, hetu)
    if local_id is not None:
        return keyring.others_of_local(envelope.county, client.get("system") or envelope.system, local_id)
    return ()
