"""Validates event data by the model of its type: known fields only, in canonical form, persons as pseudonyms."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, NamedTuple

from pydantic import AfterValidator, ValidationError, create_model

from services.ingest.client import pseudonym
from services.ingest.envelope import Envelope, ParsedRecord, exact_data
from services.ingest.refusal import Refusal
from shared.contracts.event_types import EVENT_TYPES, EventType
from shared.contracts.reasons import Reason
from shared.contracts.strict_json import to_integer
from shared.contracts.types import Data, canonical_instant, parse_date
from shared.pseudonym import Keyring


class CanonicalData(NamedTuple):
    """Canonical data with defaults, ready for JSON; the comment, which is not published; a count of unknown fields."""

    data: dict[str, Any]
    comment: str | None
    unknown_fields: int


def _valid_date(text: str) -> str:
    parse_date(text)
    return text


def _with_text_times(event_type: EventType) -> type[Data]:
    """The model of the type with times and dates as canonical texts, which ingest only compares and publishes.

    Converting them to datetimes and back would cost a third of the whole validation.
    """
    text = dict.fromkeys(event_type.instants, str) | dict.fromkeys(
        event_type.days, Annotated[str, AfterValidator(_valid_date)]
    )
    fields: dict[str, Any] = {}
    for name, kept in text.items():
        field = event_type.model.model_fields[name]
        fields[name] = (kept, ...) if field.is_required() else (kept | None, None)
    return create_model(event_type.model.__name__, __base__=event_type.model, **fields)


_VALIDATORS: Final = {name: _with_text_times(event_type).model_validate for name, event_type in EVENT_TYPES.items()}
_MESSAGES: Final = {
    "missing": "missing",
    "literal_error": "not an allowed value",
    "string_type": "not a string",
    "string_too_short": "empty",
    "string_too_long": "more than 200 characters",
    "string_pattern_mismatch": "contains U+0000, or is a reserved code",
    "int_type": "not an integer",
    "greater_than_equal": "too small",
    "less_than_equal": "too large",
    "bool_type": "not true or false",
    "list_type": "not a list",
    "dict_type": "not an object",
}


def to_canonical(
    event_type: EventType,
    parsed: ParsedRecord,
    envelope: Envelope,
    hetu_pseudonyms: Mapping[str, str],
    keyring: Keyring,
) -> CanonicalData:
    """The data in canonical form. Raises Refusal `schema`."""
    unknown_fields = envelope.unknown_fields
    known = envelope.data.copy()  # unknown fields too: the model ignores them
    if None in known.values():  # null means absent
        known = {name: value for name, value in known.items() if value is not None or name not in event_type.fields}
    comment = known.pop("comment", None) if event_type.has_comment else None
    if comment is not None and type(comment) is not str:
        raise Refusal(Reason.SCHEMA, "data.comment: not a string")
    for name in event_type.clients:
        if name in known:
            known[name], unknown = pseudonym(known[name], name, hetu_pseudonyms.get(name), envelope, keyring)
            unknown_fields += unknown
    _canonical_times(event_type, known)
    model = _validated(event_type, known, parsed)
    unknown_fields += len(known) - len(model.model_fields_set)
    plain = {name: value for name, value in model.__dict__.items() if value is not None}
    if "answers" in plain:
        unknown_fields += sum(map(len, known["answers"])) - 2 * len(plain["answers"])
    if "from_client" in plain:
        plain["from"] = plain.pop("from_client")
    return CanonicalData(plain, comment, unknown_fields)


def _canonical_times(event_type: EventType, known: dict[str, Any]) -> None:
    for name in event_type.instants:
        if name in known:
            try:
                known[name] = canonical_instant(known[name])
            except ValueError as error:
                raise Refusal(Reason.SCHEMA, f"data.{name}: {error}") from None


def _validated(event_type: EventType, known: dict[str, Any], parsed: ParsedRecord) -> Data:
    validate = _VALIDATORS[event_type.name]
    try:
        return validate(known)
    except ValidationError as error:
        # The models are strict about Python types. In JSON, 9.0 is an integer, and so is one over 64 bits, which
        # orjson parses as a float. Such numbers are rare, so they are converted only after a failure.
        if not _repair_numbers(event_type, known, parsed):
            raise Refusal(Reason.SCHEMA, _message(error)) from None
    try:
        return validate(known)
    except ValidationError as error:
        raise Refusal(Reason.SCHEMA, _message(error)) from None


def _repair_numbers(event_type: EventType, known: dict[str, Any], parsed: ParsedRecord) -> bool:
    """Convert numbers to int where they are whole. Returns False when there is no float or Decimal."""
    answers = known["answers"] if isinstance(known.get("answers"), list) else []
    numbers = [known.get(name) for name in event_type.integers]
    numbers += [answer.get("value") for answer in answers if isinstance(answer, dict)]
    if not any(isinstance(number, float | Decimal) for number in numbers):
        return False
    exact = exact_data(parsed)
    known.update((name, to_integer(exact[name])) for name in event_type.integers if name in known)
    if answers:
        known["answers"] = [_integer_answer(answer) for answer in exact["answers"]]
    return True


def _integer_answer(answer: object) -> object:
    if isinstance(answer, dict) and "value" in answer:
        return {**answer, "value": to_integer(answer["value"])}
    return answer


def _message(error: ValidationError) -> str:
    """Path and problem of the first error, without the value: names of known fields, list indexes and fixed texts."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    path = ["data"]
    for step in first["loc"]:
        if step == "int" or "[" in str(step):
            break  # a branch of the union of answer values, not a field
        path.append(str(step))
    message = first["msg"].removeprefix("Value error, ") if first["type"] == "value_error" else "not valid"
    return f"{'.'.join(path)}: {_MESSAGES.get(first['type'], message)}"
