"""Reads canonical records exactly as ingest writes them, several times faster than validation.

The services read what ingest has validated. msgspec checks types, lengths and unknown fields while it parses; the
types that it reads are made from the models. Whatever is not obviously right is not read here, and the caller
validates it with the models: so the models alone decide what is accepted, and why something is not.
"""

import types
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Raw, Struct
from pydantic import AfterValidator
from typing_extensions import is_typeddict

from shared.contracts.event_types import EVENT_TYPES, EventType
from shared.contracts.types import (
    BIGINT,
    MAX_LENGTH,
    PSEUDONYM,
    Code,
    Count,
    Data,
    Day,
    Id,
    Instant,
    Pseudonym,
    Revision,
    parse_date,
    parse_instant,
)

_TEXT: Final = Annotated[str, Meta(min_length=1, max_length=MAX_LENGTH)]
# What the fields of the models are in JSON. Times and dates are parsed afterwards.
_WIRE: Final[tuple[tuple[object, object], ...]] = (
    (Id, _TEXT),
    (Code, _TEXT),
    (Pseudonym, Annotated[str, Meta(pattern=PSEUDONYM)]),
    (Revision, Annotated[int, Meta(ge=1)]),
    (Count, Annotated[int, Meta(ge=0, le=BIGINT)]),
    (Instant, str),
    (Day, str),
)
_RESERVED: Final = ("all", "-")  # what the pattern of a code excludes, besides U+0000
_DIGEST_BYTES: Final = 32


class Envelope(Struct, forbid_unknown_fields=True, gc=False):
    """A canonical record; `data` is its JSON."""

    specversion: str
    id: str
    source: str
    type: str
    time: str
    digest: str
    county: str
    data: Raw


_read_envelope: Final = msgspec.json.Decoder(Envelope).decode


class DataReader:
    """Reads the data of one event type. Raises ValueError on data that the model may refuse."""

    def __init__(self, kind: EventType) -> None:
        hints = get_type_hints(kind.model, include_extras=True)
        self._read = msgspec.json.Decoder(_struct(kind.model.__name__, hints, _defaults(kind.model))).decode
        self._parse: list[tuple[str, Callable[[object], object]]] = [
            *((name, parse_instant) for name in kind.instants),
            *((name, parse_date) for name in kind.days),
        ]
        self._codes = [name for name, hint in hints.items() if Code in (hint, *get_args(hint))]
        self._lists = [name for name, hint in hints.items() if name not in self._codes and Code in _leaves(hint)]
        self._checks: list[tuple[str, Callable[[Any], Any]]] = [
            (name, check.func)  # type: ignore[misc]
            for name, hint in hints.items()
            for check in getattr(hint, "__metadata__", ())
            if isinstance(check, AfterValidator)
        ]

    def __call__(self, value: Raw) -> Struct:
        data = self._read(value)
        for name, parse in self._parse:
            if (text := getattr(data, name)) is not None:
                setattr(data, name, parse(text))
        for name in self._codes:
            if getattr(data, name) in _RESERVED:
                raise ValueError("a reserved code")
        for name in self._lists:
            plain = msgspec.to_builtins(getattr(data, name))
            if _has_reserved(plain):
                raise ValueError("a reserved code")
            setattr(data, name, plain)
        for name, check in self._checks:
            check(getattr(data, name))
        return data


def read_written(value: bytes) -> tuple[str, str, str, str, datetime, bytes, Struct] | None:
    """Return the fields of the event of a record as ingest writes it; None for other records."""
    if b"\\" in value:  # an escape: the only way in which JSON contains U+0000
        return None
    try:
        record = _read_envelope(value)
        read, digest = _READERS[record.type], bytes.fromhex(record.digest)
        if len(digest) != _DIGEST_BYTES or not (record.county and record.source and record.id):
            return None
        time = parse_instant(record.time)
        return record.county, record.source, record.id, record.type, time, digest, read(record.data)
    except (ValueError, KeyError, RecursionError):  # msgspec's errors are ValueErrors
        return None


def _has_reserved(value: Any) -> bool:
    """Whether a list of codes, or of objects with codes, contains a reserved code."""
    if isinstance(value, list):
        return any(map(_has_reserved, value))
    return value in _RESERVED or (isinstance(value, dict) and any(code in _RESERVED for code in value.values()))


def _leaves(hint: Any) -> set[Any]:
    """Return the types that a type consists of."""
    if is_typeddict(hint):
        return set().union(*map(_leaves, get_type_hints(hint, include_extras=True).values()))
    inner = () if any(hint == known for known, _ in _WIRE) else get_args(hint)
    return set().union({hint}, *map(_leaves, inner)) if get_origin(hint) is not Literal else {hint}


def _struct(name: str, hints: Mapping[str, object], defaults: Mapping[str, object]) -> type[Struct]:
    required = [(field, _wire(hint)) for field, hint in hints.items() if field not in defaults]
    optional = [(field, _wire(hints[field]), default) for field, default in defaults.items()]
    return msgspec.defstruct(name, [*required, *optional], forbid_unknown_fields=True, gc=False)


def _defaults(model: type[Data]) -> dict[str, object]:
    return {name: field.default for name, field in model.model_fields.items() if not field.is_required()}


def _wire(hint: Any) -> Any:
    """Return the type in JSON of a field of a model."""
    for known, wire in _WIRE:
        if hint == known:
            return wire
    if is_typeddict(hint):
        return _struct(hint.__name__, get_type_hints(hint, include_extras=True), {})
    arguments = get_args(hint)
    if get_origin(hint) is Annotated:
        return _wire(arguments[0])
    if get_origin(hint) in (Union, types.UnionType):
        return Union[tuple(map(_wire, arguments))]  # noqa: UP007
    if get_origin(hint) is list:
        return list[_wire(arguments[0])]  # type: ignore[misc]
    return hint  # bool, None, and the words of a Literal


def _is_plain(model: type[Data]) -> bool:
    """Whether the model checks its fields one by one and names them as JSON does."""
    aliases = any(field.alias for field in model.model_fields.values())
    return not aliases and not model.__pydantic_decorators__.model_validators


_READERS: Final = {name: DataReader(kind) for name, kind in EVENT_TYPES.items() if _is_plain(kind.model)}
