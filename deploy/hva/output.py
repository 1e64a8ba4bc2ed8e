"""All output of the command. Text is escaped, so that a value of an event or a register can neither forge a line nor
control the terminal; data (JSON, CSV) is exact.
"""

import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import typer
from typer.core import TyperGroup


def escape(text: str) -> str:
    r"""The text with every control, format, separator, private and surrogate character as `\n`, `\x1b`, `\u202e`."""
    if text.isprintable():
        return text
    return "".join(char if _is_visible(char) else char.encode("unicode_escape").decode("ascii") for char in text)


def print_text(*lines: str, err: bool = False) -> None:
    """Print lines for people; a line feed within one is escaped."""
    print("\n".join(map(escape, lines)), file=sys.stderr if err else sys.stdout, flush=True)


def print_data(text: str) -> None:
    """Print JSON for programs, exactly as it is."""
    print(text)


def confirm(question: str) -> bool:
    """Whether the person agrees; asked on standard error."""
    return typer.confirm(escape(question), err=True)


class EscapingGroup(TyperGroup):
    """The group of all verbs: reports of wrong use quote what was typed, so they are escaped, too."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        with _escaped_errors():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        with _escaped_errors():
            return super().invoke(ctx)


@contextmanager
def _escaped_errors() -> Iterator[None]:
    try:
        yield
    except typer.TyperException as error:
        error.format_message = partial(escape, error.format_message())  # type: ignore[method-assign]
        raise


def _is_visible(char: str) -> bool:
    return char.isprintable() or unicodedata.category(char) == "Zs"
