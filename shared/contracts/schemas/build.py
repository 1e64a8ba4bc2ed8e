"""Builds the JSON Schemas of what upstream systems may send, with envelope, client object and comment, and of the
records of the segment stream.

A schema cannot express every rule. Only `hva check` verifies that dates exist, the check character of a
personal identity code, that times are not in the future, and that units are known.
"""

import json
from pathlib import Path
from typing import Any, Final

from shared.contracts.event_types import EVENT_TYPES, EventType
from shared.contracts.segment import SCHEMA_NAME, history_schema
from shared.contracts.types import TIME_SCHEMA

FOLDER: Final = Path(__file__).parent
_NO_NUL: Final = r"^[^\x00]*$"
_ID: Final = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": _NO_NUL}
_CLIENT: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A person, by exactly one of hetu, local_id and pid; null is absence.",
    "properties": {
        "hetu": {"type": ["string", "null"], "description": "Personal identity code, trimmed and upper-cased here."},
        "local_id": {**_ID, "type": ["string", "null"], "description": "The id of a system of the county."},
        "system": {
            "type": ["string", "null"],
            "pattern": "^[a-z0-9-]+$",
            "description": "Whose local_id it is; the system of the source where absent.",
        },
        "pid": {"type": ["string", "null"], "pattern": r"^[A-Za-z0-9_-]{1,32}\.[A-Za-z0-9_-]{22}$"},
    },
    "oneOf": [{"required": [name], "properties": {name: {"type": "string"}}} for name in ("hetu", "local_id", "pid")],
}
_COMMENT: Final = {
    "type": "string",
    "description": "Read for themes and dropped; the only field that may hold a personal identity code by accident.",
}


def file_of(name: str) -> Path:
    """Return the file of an event type or stream."""
    return FOLDER / f"{name}.json"


def texts() -> dict[str, str]:
    """Return the content of every file by name: event types and the segment stream."""
    schemas = {kind.name: event_schema(kind) for kind in EVENT_TYPES.values()} | {SCHEMA_NAME: history_schema()}
    return {name: json.dumps(schema, ensure_ascii=False, indent=2) + "\n" for name, schema in schemas.items()}


def event_schema(kind: EventType) -> dict[str, Any]:
    """Return the JSON Schema of a whole structured event."""
    data = kind.model.model_json_schema(by_alias=True)
    definitions = data.pop("$defs", {}) | ({"client": _CLIENT} if kind.clients else {})
    for name in kind.clients:
        data["properties"][name] = {"$ref": "#/$defs/client"}
    if kind.has_comment:
        data["properties"]["comment"] = dict(_COMMENT)
    for name, field in data["properties"].items():
        field.pop("title", None)
        if name not in data.get("required", ()):
            data["properties"][name] = _nullable(field)
    if len(kind.ids) > 1:
        data["oneOf"] = [{"required": [name], "properties": {name: {"type": "string"}}} for name in kind.ids]
    envelope: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.name,
        "description": f"CloudEvents 1.0, structured JSON, for the raw topic hva.raw.{kind.stream}.",
        "type": "object",
        "required": ["specversion", "id", "source", "type", "time", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": _ID,
            "source": {
                "type": "string",
                "pattern": "^urn:hva:[a-z0-9-]+:[a-z0-9-]+$",
                "description": "urn:hva:<county>:<system>",
            },
            "type": {"const": kind.name},
            "time": TIME_SCHEMA,
            "data": data,
        },
    }
    return envelope | ({"$defs": definitions} if definitions else {})


def _nullable(field: dict[str, Any]) -> dict[str, Any]:
    """Make a field optional: null means absence, also for a field with a default."""
    choices = [choice for choice in field.get("anyOf", [field]) if choice != {"type": "null"}]
    default = {"default": field["default"]} if field.get("default") is not None else {}
    variants = [{key: value for key, value in choice.items() if key != "default"} for choice in choices]
    return {"anyOf": [*variants, {"type": "null"}], **default}


def write_all() -> None:
    """Write every file and remove those of types that no longer exist."""
    for old in FOLDER.glob("*.json"):
        old.unlink()
    for name, text in texts().items():
        file_of(name).write_text(text, encoding="utf-8")
