"""The one deadline of everything that tests wait for.

It is at least ten times what the slowest of these takes on a quiet machine, so that only what never comes is missed,
however busy the machine is. A shorter one stands only where a promise of the product names a time.
"""

import time
from collections.abc import Callable
from typing import Final

PATIENCE_S: Final = 300.0
_POLL_S: Final = 0.05


def within_patience(holds: Callable[[], bool]) -> bool:
    """Wait for a condition outside an event loop; False at the deadline."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
