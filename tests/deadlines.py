"""The one deadline of everything that tests wait for.

It is at least ten times what the slowest condition takes on an idle machine, so that a test fails only for what never
happens, however busy the machine is. Tests use a shorter one only where the product promises a time.
"""

import time
from collections.abc import Callable
from typing import Final

DEADLINE_S: Final = 300.0
_POLL_S: Final = 0.05


def is_met_within_deadline(holds: Callable[[], bool]) -> bool:
    """Wait for a condition outside an event loop. Returns False at the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
