"""What a crashed run may have left: ended by pid file, so exactly that; or removed with its folder."""

import shutil
import signal

from deploy.embedded.places import Places
from deploy.embedded.process import end_leftover
from deploy.embedded.services import SERVICES

_PATIENCE = 20.0  # seconds between the polite signal and SIGKILL
_POLITE = (
    *((service, signal.SIGTERM) for service in reversed(SERVICES)),
    ("kafka", signal.SIGTERM),
    ("postgres", signal.SIGINT),
)


def end_leftovers(places: Places) -> list[str]:
    """Ends the processes that still run, in order; returns their names."""
    return [name for name, how in _POLITE if end_leftover(places, name, how, _PATIENCE)]


def erase(places: Places) -> None:
    """Removes a run folder, in which nothing runs, with all its data."""
    home = places.postgres_home_record
    if home.exists():
        shutil.rmtree(home.read_text(encoding="utf-8").strip(), ignore_errors=True)
    shutil.rmtree(places.dir, ignore_errors=True)
