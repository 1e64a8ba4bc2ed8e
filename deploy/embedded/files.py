"""Atomic writes: readers see a whole file or folder, or none."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Replaces the file atomically. Its mode is 0600 from the first byte on."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp makes it 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).replace(path)


def make_folder(path: Path, fill: Callable[[Path], None]) -> None:
    """Fills a folder under a temporary name and renames it. Of two concurrent calls, the first wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        fill(staging)
        if not path.exists():
            staging.rename(path)
    except OSError:
        if not path.exists():
            raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
