"""Key files of an embedded run: created once with mode 0600, never overwritten."""

import base64
import secrets
from pathlib import Path

from deploy.embedded.files import write_private

_KEY_BYTES = 32


def ensure_key_file(path: Path, key_id: str) -> Path:
    """Creates the key file with one random key of 32 bytes if it does not exist."""
    if not path.exists():
        key = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii")
        write_private(path, f"{key_id} {key}\n")
    return path
