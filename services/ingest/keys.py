"""Reloads the key file of pseudonyms while the service runs."""

from collections.abc import Callable, Sequence
from pathlib import Path

from shared.edge.runtime import Runtime
from shared.edge.watch import Task
from shared.keys import Key, KeyFileError, read_keys
from shared.pseudonym import Keyring


def reload_keys(runtime: Runtime, use: Callable[[Keyring], None]) -> Task:
    """A task that uses the keys of the file when it has changed. An invalid file is reported and changes nothing.

    The first run always reads the file: it may have changed while the service waited for Kafka or PostgreSQL.
    """
    last_fingerprint: object = None

    async def run() -> None:
        nonlocal last_fingerprint
        path = runtime.settings.pseudonym_key_file
        fingerprint = _fingerprint(path) if path else None
        if path is None or fingerprint == last_fingerprint:
            return
        last_fingerprint = fingerprint
        try:
            keys = read_keys(path)
            refuse_loss(keys, runtime.pseudonym_keys)
        except KeyFileError as error:
            runtime.health.warn("keys", f"changed and invalid, the previous ones stay in use: {error}")
            sentence = "pseudonym keys are invalid, the previous ones stay in use"
            runtime.logger.error(sentence, extra={"problems": str(error)})
            return
        runtime.health.warn("keys", None)
        if keys != runtime.pseudonym_keys:
            runtime.pseudonym_keys = keys
            use(Keyring(keys))
            runtime.logger.info("pseudonym keys loaded", extra={"keys": [key.id for key in keys]})

    return run


def refuse_loss(keys: Sequence[Key], current: Sequence[Key]) -> None:
    """Raises KeyFileError when all pseudonyms would change: the key in use is missing or has another secret.

    A key added before it is allowed: `hva rotate-key` does that.
    """
    secrets = {key.id: key.secret for key in keys}
    writing_key = current[0]
    if writing_key.id not in secrets:
        raise KeyFileError(f"the key in use, {writing_key.id}, is missing: put it after the new one")
    changed = [key.id for key in current if secrets.get(key.id, key.secret) != key.secret]
    if changed:
        raise KeyFileError(f"{', '.join(changed)} has another secret: give a new key a new id")


def _fingerprint(path: Path) -> tuple[int, ...] | str:
    """A value that differs after any edit, replacement or change of permissions."""
    try:
        status = path.stat()
    except OSError as error:
        return type(error).__name__
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
