"""The priority of a publisher's process: consumers, and the servers that they wait for, come first."""

import contextlib
import os
import time
from pathlib import Path
from typing import Final

NICE: Final = 10  # in its session
SESSION_NICE: Final = 5  # among many busy sessions, 10 leaves too little to end within the publisher's timeout
_AUTOGROUP: Final = Path("/proc/self/autogroup")
_TRIES: Final = 5
_PAUSE_S: Final = 0.2


def yield_to_others() -> None:
    """Lower the priority of this process.

    Where Linux divides processor time among sessions first (autogroup), nice counts within a session only. There the
    process gets a session of its own, and the session a nice value, too.
    """
    os.nice(NICE)
    with contextlib.suppress(OSError):
        os.setsid()  # not if it leads a process group: then the session is a shell's
        _lower_session()


def _lower_session() -> None:
    for _ in range(_TRIES):
        try:
            _AUTOGROUP.write_text(str(SESSION_NICE), encoding="ascii")
        except BlockingIOError:  # the kernel allows ten changes a second
            time.sleep(_PAUSE_S)
        else:
            return
