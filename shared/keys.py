"""Key files: one key per line, `<key id> <base64 of at least 32 bytes>`; the first key is used for writing.

The keys protect every pseudonym and dead letter, so a service does not start if others may read the file. The same
holds for files with passwords and tokens.
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
_MOUNTED: Final = Path("/run/secrets")  # where Docker and Kubernetes are configured to mount secrets


class KeyFileError(Exception):
    """A key file is missing, readable by others or malformed. The message never contains key material."""


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """A secret and its id, which marks everything made with it."""

    id: str
    secret: bytes


def read_keys(path: Path) -> tuple[Key, ...]:
    """Return the keys of a file, the writing key first. Raises KeyFileError with the remedy."""
    keys = tuple(
        _key(path, number, line)
        for number, line in enumerate(read_private(path).splitlines(), 1)
        if line.strip() and not line.startswith("#")
    )
    if not keys:
        raise KeyFileError(f"key file {path.name} is empty: write `<key id> <base64 of 32 random bytes>` into it")
    if len({key.id for key in keys}) < len(keys):
        raise KeyFileError(f"key file {path.name} has a duplicate key id")
    return keys


def read_private(path: Path, what: str = "key file") -> str:
    """Return the ASCII text of a file of secrets. Raises KeyFileError if others may read it, too."""
    try:
        open_to_others = _open_to_others(path)
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"{what} {path.name} cannot be read: {type(error).__name__}") from error
    if open_to_others:
        raise KeyFileError(f"{what} {path.name} is open to others: chmod 600 it")
    return text


def _open_to_others(path: Path) -> bool:
    """Whether the mode of the file lets others access it.

    A secret mounted into a container is exempt: it is mounted read-only, for that container only, with a mode that lets
    any user of the container read it.
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
