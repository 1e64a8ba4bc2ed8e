"""Parses files into lines and mappings with their locations, without checking the content."""

import csv
import io
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from shared.encoding import BYTE_ORDER_MARK, wide_encoding
from shared.hetu import WHITE_SPACE, shows_code
from shared.registers.problems import Problems

MAX_LENGTH = 200
"""Characters in a code or a name."""


def trimmed(text: str, name: str, where: str, problems: Problems) -> str:
    """Return the text without white space at its ends. If it has some, add a problem.

    Codes are compared exactly, so a code with a space at its end would be another code that looks the same. A text with
    a personal identity code is a problem, too: registers are published. It is not returned, so that no sentence has it.
    """
    if shows_code(text):
        problems.add(where, f"{name} has a personal identity code; remove it.")
        return ""
    stripped = text.strip(WHITE_SPACE)
    if stripped != text:
        problems.add(where, f"{name} {text!r} has white space at an end; remove it.")
    return stripped


_NOT_YAML = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError)
"""What the YAML parser raises beside its own errors, for an invalid escape, an invalid tag or deep nesting."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a CSV file by column name. `where` is its location for messages."""

    where: str
    fields: Mapping[str, str]


def read_text(path: Path, problems: Problems) -> str | None:
    """Return the text of a file (UTF-8, with or without a byte order mark), or None after adding a problem."""
    try:
        content = path.read_bytes()
        if encoding := wide_encoding(content):
            problems.add(path.name, f"the file is {encoding}; save it as UTF-8.")
            return None
        text = content.removeprefix(BYTE_ORDER_MARK).decode("utf-8")
    except FileNotFoundError:
        problems.add(path.name, f"the file is missing from {path.parent}.")
    except UnicodeDecodeError as error:
        problems.add(path.name, f"byte {error.start + 1} is not UTF-8; save the file as UTF-8.")
    except OSError as error:
        problems.add(path.name, f"the file cannot be read ({error.strerror}).")
    else:
        if "\0" not in text:
            return text
        problems.add(path.name, "the file has a NUL character; remove it.")
    return None


def read_table(path: Path, columns: Sequence[str], problems: Problems) -> list[Line]:
    """Return the rows of a CSV file with exactly these columns, in any order. Blank lines are skipped."""
    text = read_text(path, problems)
    if text is None:
        return []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        if not _header_fits(path.name, header, columns, problems):
            return []
        return _lines(path.name, header, reader, problems)
    except csv.Error as error:
        problems.add(f"{path.name} line {reader.line_num}", f"this is not CSV ({error}).")
        return []


def _header_fits(name: str, header: list[str], columns: Sequence[str], problems: Problems) -> bool:
    if sorted(header) == sorted(columns):
        return True
    missing = [column for column in columns if column not in header]
    extra = sorted(set(header) - set(columns))
    found = [f"lacks {', '.join(missing)}"] if missing else []
    found += [f"has the unknown {', '.join(map(repr, extra))}"] if extra else []
    found += [] if found else ["names a column twice"]
    problems.add(f"{name} line 1", f"the header {' and '.join(found)}; it must be {','.join(columns)}.")
    return False


def _lines(name: str, header: list[str], reader: Any, problems: Problems) -> list[Line]:
    lines = []
    for row in reader:
        if not row:
            continue
        where = f"{name} line {reader.line_num}"
        if len(row) != len(header):
            problems.add(where, f"there are {len(row)} fields instead of {len(header)}.")
            continue
        long = [column for column, text in zip(header, row, strict=True) if len(text) > MAX_LENGTH]
        for column in long:
            problems.add(where, f"{column} is longer than {MAX_LENGTH} characters.")
        if not long:
            named = zip(header, row, strict=True)
            lines.append(Line(where, {column: trimmed(text, column, where, problems) for column, text in named}))
    return lines


class _StrictLoader(yaml.SafeLoader):
    """A YAML loader that rejects duplicate keys instead of silently keeping the last, and lone surrogates."""

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        node = super().compose_scalar_node(anchor)
        if any("\ud800" <= character <= "\udfff" for character in node.value):
            raise yaml.composer.ComposerError(
                problem="an escape is half of a surrogate pair; write the character itself",
                problem_mark=node.start_mark,
            )
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            if key_node.value in seen and isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    problem=f"{key_node.value} is a duplicate key", problem_mark=key_node.start_mark
                )
            if isinstance(key_node, yaml.ScalarNode):
                seen.add(key_node.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, problems: Problems) -> dict[str, Any]:
    """Return the mapping of a YAML file. If the file is invalid or empty, add a problem and return an empty one."""
    text = read_text(path, problems)
    if text is None:
        return {}
    try:
        content = yaml.load(text, Loader=_StrictLoader)
    except (yaml.YAMLError, *_NOT_YAML) as error:
        mark = getattr(error, "problem_mark", None)
        where = path.name if mark is None else f"{path.name} line {mark.line + 1}"
        problems.add(where, f"this is not YAML ({getattr(error, 'problem', None) or error}).")
        return {}
    if content is None:
        problems.add(path.name, "the file has no content.")
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        problems.add(path.name, "the file must hold a mapping of names to values.")
        return {}
    return content
