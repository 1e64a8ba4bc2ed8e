"""`hva down`: stops exactly what runs in a folder."""

import contextlib
import os
import signal
import time

import typer

from deploy.embedded import process
from deploy.embedded.leftovers import end_leftovers
from deploy.embedded.places import Places, run_dir
from deploy.embedded.runfile import is_live
from deploy.hva.context import Dir, NotSoError, shown

_PATIENCE = 90.0  # seconds for services, Kafka and PostgreSQL to stop politely


def register(app: typer.Typer) -> None:
    @app.command()
    def down(dir: Dir = None) -> None:
        """Stop what `hva up` started in this folder."""
        print(stop_run(Places(run_dir(dir))))


def stop_run(places: Places) -> str:
    """Stops the run and says what was done. Raises NotSoError when it cannot be stopped."""
    stopped = _stop_supervisor(places)
    left = end_leftovers(places) if places.dir.is_dir() and not is_live(places) else []
    if stopped:
        return f"Stopped what ran in {shown(places.dir)}."
    if left:
        return f"Ended what a crashed run left in {shown(places.dir)}: {', '.join(left)}."
    return f"Nothing runs in {shown(places.dir)}."


def _stop_supervisor(places: Places) -> bool:
    pid = process.recorded(places, "supervisor")
    if pid is None:
        return False
    before = process.identity(pid)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE
    while process.identity(pid) == before:
        if time.monotonic() > deadline:
            raise NotSoError(f"The supervisor (process {pid}) does not stop: see {places.log('supervisor')}.")
        time.sleep(0.05)
    return True
