"""`run.json`: the addresses, passwords and processes of a run. Its mode is 0600."""

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from deploy.embedded.files import write_private
from deploy.embedded.run_paths import RunPaths


@dataclass(frozen=True, slots=True)
class Run:
    """The content of run.json."""

    kafka: str | None = None  # host:port
    postgres: Mapping[str, Any] = field(default_factory=dict)  # DSNs: admin, migrate, …; services: {}
    services: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # name: {metrics: URL, pid}
    serve: Mapping[str, Any] = field(default_factory=dict)  # url, pid
    config_dir: str | None = None
    key_file: str | None = None
    letter_key_file: str | None = None
    supervisor: Mapping[str, Any] = field(default_factory=dict)  # pid, started (its identity)


def write_run(paths: RunPaths, run: Run) -> None:
    write_private(paths.run_file, json.dumps(asdict(run), indent=2) + "\n")


def read_run(paths: RunPaths) -> Run | None:
    """The run of the folder, or None if nothing runs (a file that a crash left behind does not count)."""
    if not is_live(paths):
        return None
    try:
        return Run(**json.loads(paths.run_file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def is_live(paths: RunPaths) -> bool:
    """Whether a supervisor owns the folder now: it holds the lock file exactly as long as it runs."""
    handle = acquire_lock(paths.lock_file, create=False)
    if handle is not None:
        os.close(handle)
        return False
    return paths.lock_file.exists()


def acquire_lock(lock: Path, *, create: bool = True) -> int | None:
    """Locks a run folder for the lifetime of this process. None if another process holds the lock."""
    try:
        handle = os.open(lock, os.O_RDWR | (os.O_CREAT if create else 0), 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle
