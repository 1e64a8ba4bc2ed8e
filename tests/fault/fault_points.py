"""Points in the code at which a process can be killed, held or made to fail, and the traces that it leaves.

`HVA_TEST_FAULTS` and `HVA_TEST_FOLDER` are described in `tests.fault.faulty`.
"""

import asyncio
import json
import os
import signal
from collections import Counter
from contextvars import ContextVar
from pathlib import Path
from typing import Final

FOLDER: Final = Path(os.environ["HVA_TEST_FOLDER"])
BATCH: ContextVar[list[tuple[str, int, int]]] = ContextVar("batch", default=[])  # noqa: B039 - never mutated
"""Topic, partition and offset of every record in the batch that is being processed."""
_passed: Counter[str] = Counter()


def _read_faults() -> dict[tuple[str, int], str]:
    faults = {}
    for fault in filter(None, os.environ.get("HVA_TEST_FAULTS", "").split(",")):
        action, _, pass_ = fault.partition("@")
        point, _, number = pass_.partition("#")
        faults[point, int(number)] = action
    return faults


_FAULTS: Final = _read_faults()


async def pass_point(point: str) -> None:
    """Count this pass of the point, and apply the fault that is planned for it."""
    _passed[point] += 1
    match _FAULTS.get((point, _passed[point])):
        case "kill":
            _write_mark("killed", point)
            os.kill(os.getpid(), signal.SIGKILL)
        case "hold":
            _write_mark("held", point)
            while not (FOLDER / f"release-{os.getpid()}").exists():  # noqa: ASYNC110 - released by another process
                await asyncio.sleep(0.01)
        case "lose":
            _write_mark("lost", point)
            raise ConnectionResetError("the answer was lost")


def _write_mark(action: str, point: str) -> None:
    mark = FOLDER / f"{action}-{point}-{os.getpid()}.json"
    mark.with_suffix(".new").write_text(json.dumps(BATCH.get()))
    mark.with_suffix(".new").rename(mark)  # a reader never sees half a mark


def append_trace(name: str, row: object) -> None:
    """Append a row to one of the traces of this process."""
    with (FOLDER / f"{name}-{os.getpid()}").open("a") as lines:
        lines.write(json.dumps(row) + "\n")
