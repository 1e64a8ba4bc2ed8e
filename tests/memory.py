"""Where the servers of a test run keep their files: in memory, if there is enough of it.

A database has 700 files, the topics of a test have hundreds, and many tests create their own. A file system on a disk
may need a millisecond of processor time for each file, which adds up to a third of the run.
"""

import os
from pathlib import Path
from typing import Final

import psutil

_IN_MEMORY: Final = Path("/dev/shm")
_NEEDED: Final = 3 * 2**30
"""Bytes of a run: up to 1 GiB of write-ahead log, the databases and topics, and a margin."""


def folder_in_memory() -> Path | None:
    """The parent of the run folder; None for the usual folder of temporary files.

    Programs of the servers may be copied to the run folder, so files in it must be executable.
    """
    try:
        found = os.statvfs(_IN_MEMORY)
    except OSError:
        return None
    has_room = found.f_bavail * found.f_frsize > _NEEDED and psutil.virtual_memory().available > 2 * _NEEDED
    usable = has_room and not found.f_flag & os.ST_NOEXEC and os.access(_IN_MEMORY, os.W_OK | os.X_OK)
    return _IN_MEMORY if usable else None
