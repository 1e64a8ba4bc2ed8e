"""Ends a run from outside: its supervisor, the processes that a crashed one left (by pid file), its folder."""

import contextlib
import os
import shutil
import signal
import time

from deploy.embedded import process
from deploy.embedded.errors import EmbeddedError
from deploy.embedded.run_paths import RunPaths
from deploy.embedded.services import PAGES, SERVICES

SUPERVISOR = "supervisor"
"""The name of the supervisor's pid file and log."""

_SUPERVISOR_STOP_TIMEOUT = 90.0  # seconds for services, Kafka and PostgreSQL to stop gracefully
_STOP_TIMEOUT = 20.0  # seconds between the stop signal and SIGKILL
_STOP_SIGNALS = (
    (PAGES, signal.SIGTERM),
    *((service, signal.SIGTERM) for service in reversed(SERVICES)),
    ("kafka", signal.SIGTERM),
    ("postgres", signal.SIGINT),
)


def end_supervisor(paths: RunPaths) -> bool:
    """Makes the supervisor stop its run and waits for it; False if there is none. Raises EmbeddedError."""
    pid = process.recorded(paths, SUPERVISOR)
    if pid is None:
        return False
    before = process.identity(pid)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _SUPERVISOR_STOP_TIMEOUT
    while process.identity(pid) == before:
        if time.monotonic() > deadline:
            raise EmbeddedError(f"The supervisor (process {pid}) does not stop: see {paths.log(SUPERVISOR)}.")
        time.sleep(0.05)
    return True


def end_leftovers(paths: RunPaths) -> list[str]:
    """Ends the remaining processes of a crashed run in stop order; returns their names."""
    return [name for name, number in _STOP_SIGNALS if process.end_leftover(paths, name, number, _STOP_TIMEOUT)]


def remove_run(paths: RunPaths) -> None:
    """Removes a run folder with all its data. Nothing may run in it."""
    home = paths.postgres_home_record
    if home.exists():
        shutil.rmtree(home.read_text(encoding="utf-8").strip(), ignore_errors=True)
    shutil.rmtree(paths.dir, ignore_errors=True)
