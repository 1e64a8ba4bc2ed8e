"""Ending a run from outside: its supervisor, what a crashed one left (by pid file, exactly that), its folder."""

import contextlib
import os
import shutil
import signal
import time

from deploy.embedded import process
from deploy.embedded.faults import EmbeddedError
from deploy.embedded.places import Places
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


def end_supervisor(places: Places) -> bool:
    """Has the supervisor stop its run and waits for it; False when there is none. Raises EmbeddedError."""
    pid = process.recorded(places, SUPERVISOR)
    if pid is None:
        return False
    before = process.identity(pid)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _SUPERVISOR_PATIENCE
    while process.identity(pid) == before:
        if time.monotonic() > deadline:
            raise EmbeddedError(f"The supervisor (process {pid}) does not stop: see {places.log(SUPERVISOR)}.")
        time.sleep(0.05)
    return True


def end_leftovers(places: Places) -> list[str]:
    """Ends the processes of a crashed run that still live, in order; returns their names."""
    return [name for name, how in _POLITE if process.end_leftover(places, name, how, _PATIENCE)]


def erase(places: Places) -> None:
    """Removes a run folder, in which nothing runs, with all its data."""
    home = places.postgres_home_record
    if home.exists():
        shutil.rmtree(home.read_text(encoding="utf-8").strip(), ignore_errors=True)
    shutil.rmtree(places.dir, ignore_errors=True)
