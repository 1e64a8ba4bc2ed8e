"""docs/events.md is correct: its examples are accepted, and it lists every type and reason."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.ingest.themes import Themes
from services.ingest.validate import Accepted, Context, validate
from shared.contracts.event_types import EVENT_TYPES
from shared.contracts.reasons import Reason
from shared.contracts.schemas.build import event_schema
from shared.keys import Key
from shared.pseudonym import Keyring
from shared.registers import load_folder

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs" / "events.md").read_text(encoding="utf-8")
EXAMPLES = PROJECT / "docs" / "examples"
REDRIVEN = {"unknown_source", "unknown_unit", "future_time"}  # automatically


@pytest.fixture(scope="module")
def context() -> Context:
    """The default registers, at a time after the examples were sent."""
    registers = load_folder(PROJECT / "deploy" / "config")
    return Context(
        units=registers.known_units,
        sources=registers.sources,
        themes=Themes(registers.themes),
        keyring=Keyring((Key("k1", b"0123456789abcdef0123456789abcdef"),)),
        now=datetime(2026, 6, 1, 12, tzinfo=UTC),
    )


def example(name: str) -> bytes:
    return (EXAMPLES / f"{name}.json").read_bytes().removesuffix(b"\n")


def section(name: str) -> str:
    """Return the section of an event type, from its heading to the next one."""
    return PAGE.partition(f"#### {name}\n")[2].partition("\n#")[0]


def json_blocks(text: str) -> list[dict[str, Any]]:
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


def test_every_event_type_has_one_example() -> None:
    assert {file.stem for file in EXAMPLES.glob("*.json")} == EVENT_TYPES.keys()


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_example_is_one_line_and_accepted(name: str, context: Context) -> None:
    value, event_type = example(name), EVENT_TYPES[name]
    assert b"\n" not in value, "`hva load` reads one event per line"
    verdict = validate(value, (), event_type.stream, context)
    assert isinstance(verdict, Accepted), verdict
    assert (verdict.type, verdict.unknown_fields) == (name, 0)
    assert Draft202012Validator(event_schema(event_type)).is_valid(json.loads(value))


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_page_shows_the_example_and_names_every_field(name: str) -> None:
    text = section(name)
    assert json_blocks(text) == [json.loads(example(name))["data"]]
    missing = {field for field in EVENT_TYPES[name].fields - {"revision"} if not re.search(rf"`{field}\b", text)}
    assert not missing


def test_page_names_every_reason_in_the_order_of_the_checks() -> None:
    table = PAGE.partition("## What is rejected")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|.*\| (\w*)", table, re.MULTILINE)
    assert [reason for reason, _ in rows] == [str(reason) for reason in Reason]
    assert {reason for reason, redriven in rows if redriven == "yes"} == REDRIVEN
