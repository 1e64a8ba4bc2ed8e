"""Taking over a changed key file of pseudonyms, while the service runs."""

from collections.abc import Callable, Sequence
from pathlib import Path

from shared.edge.runtime import Runtime
from shared.edge.watch import Task
from shared.keys import Key, KeyFileError, read_keys
from shared.pseudonym import Keyring


def reload_keys(runtime: Runtime, use: Callable[[Keyring], None]) -> Task:
    """Use the keys of the file once it has changed; a wrong file is told and changes nothing.

    The first run reads it whatever happened: it may have changed while Kafka or PostgreSQL was awaited.
    """
    seen: object = None

    async def run() -> None:
        nonlocal seen
        path = runtime.settings.pseudonym_key_file
        now = _fingerprint(path) if path else None
        if path is None or now == seen:
            return
        seen = now
        try:
            keys = read_keys(path)
            refuse_loss(keys, runtime.pseudonym_keys)
        except KeyFileError as error:
            runtime.health.warn("keys", f"changed and wrong, the old ones stay: {error}")
            runtime.logger.error("pseudonym keys are wrong, the old ones stay", extra={"problems": str(error)})
            return
        runtime.health.warn("keys", None)
        if keys != runtime.pseudonym_keys:
            runtime.pseudonym_keys = keys
            use(Keyring(keys))
            runtime.logger.info("pseudonym keys taken over", extra={"keys": [key.id for key in keys]})

    return run


def refuse_loss(keys: Sequence[Key], used: Sequence[Key]) -> None:
    """Raises KeyFileError where everybody would become somebody else: the key that wrote is gone or has another secret.

    A key that was added by its side is what `hva rotate-key` does.
    """
    secrets = {key.id: key.secret for key in keys}
    writing = used[0]
    if writing.id not in secrets:
        raise KeyFileError(f"the key that wrote, {writing.id}, is gone: put it behind the new one")
    changed = [key.id for key in used if secrets.get(key.id, key.secret) != key.secret]
    if changed:
        raise KeyFileError(f"{', '.join(changed)} has another secret: give a new key a new id")


def _fingerprint(path: Path) -> tuple[int, ...] | str:
    """Different after any edit, replacement or mended permission."""
    try:
        at = path.stat()
    except OSError as error:
        return type(error).__name__
    return at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns
