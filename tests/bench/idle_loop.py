"""`python -m tests.bench.idle_loop SECONDS`: computes at the lowest priority that Linux has.

A process that computes at a higher priority delays the others at least as much.
"""

import os
import sys
import time
from pathlib import Path
from typing import Final

_LOWEST: Final = 19


def main(seconds: float) -> None:
    """Compute in the idle scheduling class, in a session of the lowest priority."""
    os.setsid()
    autogroup = Path("/proc/self/autogroup")
    if autogroup.exists():
        autogroup.write_text(str(_LOWEST), encoding="ascii")
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


if __name__ == "__main__":
    main(float(sys.argv[1]))
