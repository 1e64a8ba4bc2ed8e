"""Ending a run from outside: its supervisor, what a crashed one left (by pid file, exactly that), its folder."""

import contextlib
import os
import shutil
import signal
import time

from deploy.embedded import process
from deploy.embedded.errors import EmbeddedError
from deploy.embedded.run_paths import RunPaths
from deploy.embedded.services import SERVICES

SUPERVISOR = "supervisor"
"""The name of its pid file and log."""

_SUPERVISOR_PATIENCE = 90.0  # seconds for services, Kafka and PostgreSQL to stop politely
_PATIENCE = 20.0  # seconds between the polite signal and SIGKILL
_POLITE = (
    *((service, signal.SIGTERM) for service in reversed(SERVICES)),
    ("kafka", signal.SIGTERM),
    ("postgres", signal.SIGINT),
)


def end_supervisor(paths: RunPaths) -> bool:
    """Has the supervisor stop its run and waits for it; False when there is none. Raises EmbeddedError."""
    pid = process.recorded(paths, SUPERVISOR)
    if pid is None:
        return False
    before = process.identity(pid)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _SUPERVISOR_PATIENCE
    while process.identity(pid) == before:
        if time.monotonic() > deadline:
            raise EmbeddedError(f"The supervisor (process {pid}) does not stop: see {paths.log(SUPERVISOR)}.")
        time.sleep(0.05)
    return True


def end_leftovers(paths: RunPaths) -> list[str]:
    """Ends the processes of a crashed run that still live, in order; returns their names."""
    return [name for name, how in _POLITE if process.end_leftover(paths, name, how, _PATIENCE)]


def erase(paths: RunPaths) -> None:
    """Removes a run folder, in which nothing runs, with all its data."""
    home = paths.postgres_home_record
    if home.exists():
        shutil.rmtree(home.read_text(encoding="utf-8").strip(), ignore_errors=True)
    shutil.rmtree(paths.dir, ignore_errors=True)
