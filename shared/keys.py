"""Key files: one key a line, `<key id> <base64 of at least 32 bytes>`; the first line is the key that writes.

The keys are the protection of every pseudonym and dead letter, so a file that others may read stops the start.
Passwords and tokens in files are held to the same.
"""

import base64
import binascii
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
_MIN_KEY_BYTES: Final = 32
_MOUNTED: Final = Path("/run/secrets")  # where Docker and Kubernetes are told to put the secrets of a container


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


def read_private(path: Path, what: str = "key file") -> str:
    """The text of a file of secrets, ASCII. Raises KeyFileError where others may read it too."""
    try:
        open_to_others = _open_to_others(path)
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"{what} {path.name} cannot be read: {type(error).__name__}") from error
    if open_to_others:
        raise KeyFileError(f"{what} {path.name} is open to others: chmod 600 it")
    return text


def _open_to_others(path: Path) -> bool:
    """Whether anybody else can get at the file, by its mode.

    A secret of a container is mounted for that container alone, read-only, and with a mode that lets whoever the
    container runs as read it.
    """
    if not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return False
    return not (path.is_relative_to(_MOUNTED) and os.statvfs(path).f_flag & os.ST_RDONLY)


def _key(path: Path, number: int, line: str) -> Key:
    try:
        key_id, text = line.split()
        secret = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error) as error:
        raise KeyFileError(f"key file {path.name} line {number}: not `<key id> <base64>`") from error
    if not KEY_ID.fullmatch(key_id) or len(secret) < _MIN_KEY_BYTES:
        raise KeyFileError(
            f"key file {path.name} line {number}: the id must be 1-32 of A-Z a-z 0-9 _ - "
            f"and the key at least {_MIN_KEY_BYTES} bytes"
        )
    return Key(key_id, secret)
