"""All output of the command. Text is escaped, so that no value of an event or a register can forge a line or control
the terminal. Data (JSON, CSV) is printed unchanged.
"""

import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import typer
from typer.core import TyperGroup


def escape(text: str) -> str:
    r"""Escape control, format, separator, private-use and surrogate characters as `\n`, `\x1b`, `\u202e`."""
    if text.isprintable():
        return text
    return "".join(char if _is_visible(char) else char.encode("unicode_escape").decode("ascii") for char in text)


def print_text(*lines: str, err: bool = False) -> None:
    """Print lines of escaped text; a line feed within a line is escaped, too."""
    print("\n".join(map(escape, lines)), file=sys.stderr if err else sys.stdout, flush=True)


def print_data(text: str) -> None:
    """Print data for programs unchanged."""
    print(text)


def print_bytes(content: bytes) -> None:
    """Print the content of a file unchanged, whatever the encoding of the terminal. A reader may close the pipe."""
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        discard_output()


def discard_output() -> None:
    """After the reader closed the pipe: discard what Python still writes when it closes the stream."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def confirm(question: str) -> bool:
    """Ask a yes-no question on standard error."""
    return typer.confirm(escape(question), err=True)


class EscapingGroup(TyperGroup):
    """The group of all verbs. It escapes usage errors, because they quote what was typed."""

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
