"""What people type of a statement: a role, and a text in a file. Neither may hold a personal identity code."""

import sys
from pathlib import Path
from typing import Final

import typer

from deploy.hva.context import VerbError
from shared.encoding import BYTE_ORDER_MARK
from shared.hetu import shows_code

MAX_COMMENT: Final = 4_000
MAX_NARRATIVE: Final = 20_000
MAX_ROLE: Final = 200
"""Characters."""
_FIRST_AFTER_CONTROLS: Final = 0xA0


def checked_role(role: str) -> str:
    """The role without white space at its ends. Raises BadParameter, and VerbError for a personal identity code."""
    role = role.strip()
    if not role or len(role) > MAX_ROLE or not role.isprintable():
        raise typer.BadParameter(f"--by must be a role of 1 to {MAX_ROLE} printable characters")
    refuse_codes("--by", role)
    return role


def read_statement(option: str, file: Path, limit: int) -> str:
    """The text of a file, or of standard input for `-`. Raises VerbError with a sentence; it never quotes the text."""
    too_long = f"The file of {option} has more than {limit} characters: shorten it."
    most = len(BYTE_ORDER_MARK) + 4 * limit  # bytes of so many characters
    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as opened:
            content = opened.read(most + 1)
    except OSError as error:
        raise VerbError(f"The file of {option} cannot be read: {error.strerror or type(error).__name__}.") from None
    if len(content) > most:
        raise VerbError(too_long)
    try:
        text = content.removeprefix(BYTE_ORDER_MARK).decode("utf-8")
    except UnicodeDecodeError:
        raise VerbError(f"The file of {option} is not UTF-8: save it as UTF-8.") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    if len(text) > limit:
        raise VerbError(too_long)
    if not text.strip():
        raise VerbError(f"The file of {option} is empty: write what should be said.")
    if any(ord(char) < _FIRST_AFTER_CONTROLS and not char.isprintable() and char not in "\n\t" for char in text):
        raise VerbError(f"The file of {option} has control characters: save it as plain text.")
    refuse_codes(option, text)
    return text


def refuse_codes(option: str, text: str) -> None:
    """Raises VerbError where the text has a personal identity code, also one that Markdown would bring together."""
    from deploy.report.markdown import visible_texts

    if any(map(shows_code, (text, *visible_texts(text)))):
        raise VerbError(f"There is a personal identity code in {option}: remove it. Reports hold no personal data.")
