"""The canonical event, which ingest writes to `hva.*.v1` and every service reads."""

import json
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from shared.contracts.canonical import dumps
from shared.contracts.event_types import EVENT_TYPES, EventType
from shared.contracts.types import format_instant, parse_instant
from shared.contracts.written import read_written


class ContractError(ValueError):
    """A canonical record is not one that ingest writes. The message names the wrong part, never its value."""


class Event(NamedTuple):
    """A validated event. `time` is UTC; `digest` is the 32 bytes that are part of the rank.

    `data` has the fields of the type's model as attributes.
    """

    county: str
    source: str
    id: str
    type: str
    time: datetime
    digest: bytes
    data: Any


def plain_data(kind: EventType, data: Any) -> dict[str, Any]:
    """Return data as in canonical JSON: with defaults, without absent fields, times as texts."""
    named = {field.alias or name: getattr(data, name) for name, field in kind.model.model_fields.items()}
    plain = {name: value for name, value in named.items() if value is not None}
    for name in kind.instants:
        if name in plain:
            plain[name] = format_instant(plain[name])
    for name in kind.days:
        if name in plain:
            plain[name] = plain[name].isoformat()
    return plain


def encode_parts(county: str, source: str, id: str, type: str, time: str, digest: bytes, data: dict[str, Any]) -> bytes:
    """Return the value of a canonical record from canonical parts (`time` as canonical text)."""
    return dumps(
        {
            "specversion": "1.0",
            "id": id,
            "source": source,
            "type": type,
            "time": time,
            "digest": digest.hex(),
            "county": county,
            "data": data,
        }
    )


def encode_event(event: Event) -> bytes:
    """Return the value of a canonical record."""
    data = plain_data(EVENT_TYPES[event.type], event.data)
    time = format_instant(event.time)
    return encode_parts(event.county, event.source, event.id, event.type, time, event.digest, data)


def decode_event(value: bytes) -> Event:
    """Decode the result of `encode_event`. Raises ContractError on anything else."""
    written = read_written(value)
    return validate_event(value) if written is None else Event(*written)


def validate_event(value: bytes) -> Event:
    """Decode like `decode_event`, with the models of the data."""
    try:
        raw = _loads(value)
        digest = bytes.fromhex(raw["digest"])
        if len(digest) != 32:
            raise ContractError("a digest is 32 bytes")
        return Event(
            county=_text(raw, "county"),
            source=_text(raw, "source"),
            id=_text(raw, "id"),
            type=_text(raw, "type"),
            time=parse_instant(raw["time"]),
            digest=digest,
            data=EVENT_TYPES[raw["type"]].model.model_validate(raw["data"]),
        )
    except ContractError:
        raise
    except ValidationError as error:
        where = ".".join(str(step) for step in error.errors(include_input=False)[0]["loc"])
        raise ContractError(f"canonical data does not fit its type at `{where}`") from None
    except KeyError as error:
        known = ("digest", "time", "type", "data")
        missing = next((name for name in known if name == error.args[0]), "type")
        raise ContractError(f"canonical event without a known `{missing}`") from None
    except (ValueError, TypeError):
        raise ContractError("not a canonical event") from None


def _text(raw: dict[str, Any], name: str) -> str:
    text = raw.get(name)
    if not isinstance(text, str) or not text:
        raise ContractError(f"canonical event without `{name}`")
    return text


def _loads(value: bytes) -> Any:
    """Parse JSON. orjson rounds or rejects integers over 64 bits, so the standard library parses those."""
    try:
        raw = orjson.loads(value)
        if type(raw["data"].get("revision")) is not float:
            return raw
    except orjson.JSONDecodeError:
        pass
    except AttributeError:
        raise ContractError("canonical event without `data`") from None
    return json.loads(value)
