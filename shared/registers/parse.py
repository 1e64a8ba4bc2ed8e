"""From files to lines and mappings, with the place of everything, and no opinion on the content."""

import csv
import io
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from shared.encoding import BYTE_ORDER_MARK, wide_encoding
from shared.hetu import WHITE_SPACE
from shared.registers.problems import Problems

LONGEST = 200
"""Characters in a code or a name."""


def trimmed(text: str, name: str, where: str, problems: Problems) -> str:
    """The text without white space at its ends; where there is some, a problem is added.

    Codes are compared exactly, so a code with a space at its end would be another code that looks the same.
    """
    tombstone = text.strip(WHITE_SPACE)
    if tombstone != text:
        problems.add(where, f"{name} {text!r} has white space at an end; remove it.")
    return tombstone


_NOT_YAML = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError)
"""What the reader of YAML lets out beside its own errors, for an escape, a tag or a depth that it cannot take."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a CSV file under its column names; `where` is its place for people."""

    where: str
    fields: Mapping[str, str]


def read_text(path: Path, problems: Problems) -> str | None:
    """The text of a file (UTF-8, with or without a byte order mark), or None with a problem added."""
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
    """The rows of a CSV file with exactly these columns, in any order; blank lines are skipped."""
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
    said = [f"lacks {', '.join(missing)}"] if missing else []
    said += [f"has the unknown {', '.join(map(repr, extra))}"] if extra else []
    said += [] if said else ["names a column twice"]
    problems.add(f"{name} line 1", f"the header {' and '.join(said)}; it must be {','.join(columns)}.")
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
        long = [column for column, text in zip(header, row, strict=True) if len(text) > LONGEST]
        for column in long:
            problems.add(where, f"{column} is longer than {LONGEST} characters.")
        if not long:
            named = zip(header, row, strict=True)
            lines.append(Line(where, {column: trimmed(text, column, where, problems) for column, text in named}))
    return lines


class _Strict(yaml.SafeLoader):
    """YAML that refuses a doubled key instead of quietly keeping the last, and text that no UTF-8 can hold."""

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        node = super().compose_scalar_node(anchor)
        if any("\ud800" <= character <= "\udfff" for character in node.value):
            raise yaml.composer.ComposerError(
                problem="an escape stands for half a character; write the character itself",
                problem_mark=node.start_mark,
            )
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            if key_node.value in seen and isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    problem=f"{key_node.value} stands twice", problem_mark=key_node.start_mark
                )
            if isinstance(key_node, yaml.ScalarNode):
                seen.add(key_node.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, problems: Problems) -> dict[str, Any]:
    """The mapping that a YAML file holds; empty where it cannot be read, or is empty: as one that is being written."""
    text = read_text(path, problems)
    if text is None:
        return {}
    try:
        content = yaml.load(text, Loader=_Strict)
    except (yaml.YAMLError, *_NOT_YAML) as error:
        mark = getattr(error, "problem_mark", None)
        where = path.name if mark is None else f"{path.name} line {mark.line + 1}"
        problems.add(where, f"this is not YAML ({getattr(error, 'problem', None) or error}).")
        return {}
    if content is None:
        problems.add(path.name, "the file says nothing.")
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        problems.add(path.name, "the file must hold a mapping of names to values.")
        return {}
    return content
