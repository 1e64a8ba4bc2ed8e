"""Key files: one key a line, `<key id> <base64 of at least 32 bytes>`; the first line is the key that writes.

The keys are the protection of every pseudonym and dead letter, so a file that others may read stops the start.
"""

import base64
import binascii
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
_LEAST_BYTES: Final = 32


class KeyFileError(Exception):
    """A key file is missing, open to others or malformed. The message never holds key material."""


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """One secret and the id under which its products are known."""

    id: str
    secret: bytes


def read_keys(path: Path) -> tuple[Key, ...]:
    """The keys of a file, the writing one first. Raises KeyFileError with the remedy."""
    keys = tuple(
        _key(path, number, line)
        for number, line in enumerate(read_private(path).splitlines(), 1)
        if line.strip() and not line.startswith("#")
    )
    if not keys:
        raise KeyFileError(f"key file {path.name} is empty: write `<key id> <base64 of 32 random bytes>` into it")
    if len({key.id for key in keys}) < len(keys):
        raise KeyFileError(f"key file {path.name} has one key id twice")
    return keys


def read_private(path: Path) -> str:
    """The text of a file of secrets, ASCII. Raises KeyFileError where others may read it too."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"key file {path.name} cannot be read: {type(error).__name__}") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(f"key file {path.name} is open to others: chmod 600 it")
    return text


def _key(path: Path, number: int, line: str) -> Key:
    try:
        key_id, text = line.split()
        secret = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error) as error:
        raise KeyFileError(f"key file {path.name} line {number}: not `<key id> <base64>`") from error
    if not KEY_ID.fullmatch(key_id) or len(secret) < _LEAST_BYTES:
        raise KeyFileError(
            f"key file {path.name} line {number}: the id must be 1-32 of A-Z a-z 0-9 _ - "
            f"and the key at least {_LEAST_BYTES} bytes"
        )
    return Key(key_id, secret)
