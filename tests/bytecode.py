"""Compiled Python is kept between the processes of a run, also on a machine that is set to keep none.

A run starts some two hundred interpreters. One that compiles all it imports takes three times as long to become
a service that is ready.
"""

import os
import sys
from pathlib import Path

_FOLDER = Path(__file__).parent.parent / ".pytest_cache" / "bytecode"
BYTECODE = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(_FOLDER)} if sys.dont_write_bytecode else {}
"""For the environment of a process that gets one of its own; every other inherits it."""


def keep_bytecode() -> None:
    """From here on in this process, and in those that it starts."""
    if BYTECODE:
        os.environ.update(BYTECODE)
        sys.dont_write_bytecode = False
        sys.pycache_prefix = str(_FOLDER)
