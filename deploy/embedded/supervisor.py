"""The process that owns a run folder: starts the parts, keeps them, stops them in order.

It is a process of its own, so that a run outlives its terminal when it is detached, and ends with its parent
when it is not: its standard input is a pipe from the parent, and the end of that pipe, however it comes, is
the order to stop. Over the pipe it takes orders, one JSON object a line, and answers on its standard output:

    {"id": 1, "do": "restart", "part": "kafka", "how": "SIGKILL"}   {"done": 1} or {"failed": "…", "id": 1}
    {"do": "detach"}                                    the end of the pipe is no order any more

Before, it says {"say": "…"} and once {"ready": {…}} or {"failed": "…"} or {"taken": true}.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from pathlib import Path
from random import SystemRandom

from deploy.embedded import process
from deploy.embedded.errors import EmbeddedError
from deploy.embedded.run_paths import RunPaths
from deploy.embedded.runfile import take
from deploy.embedded.services import PARTS
from deploy.embedded.shutdown import SUPERVISOR, end_leftovers, erase
from deploy.embedded.stack import Stack

_log = logging.getLogger("hva.supervisor")


class Supervisor:
    """One run from its first start to its last stop."""

    def __init__(self, paths: RunPaths, stack: Stack) -> None:
        self._places, self._stack = paths, stack
        self._end = asyncio.Event()
        self._detached = False

    async def run(self) -> int:
        """Returns 0 when it was told to stop, 1 when it could not start."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._end.set)
        orders = asyncio.create_task(self._take_orders())
        try:
            return await self._start_and_stay()
        finally:
            orders.cancel()
            await self._stack.stop()

    async def _start_and_stay(self) -> int:
        start, end = asyncio.create_task(self._stack.start()), asyncio.create_task(self._end.wait())
        await asyncio.wait({start, end}, return_when=asyncio.FIRST_COMPLETED)
        if not start.done():
            start.cancel()
            await asyncio.gather(start, return_exceptions=True)
            return 0
        if failure := start.exception():
            tell(failed=_in_words(failure, self._places))
            end.cancel()
            return 1
        tell(ready=json.loads(self._places.run_file.read_text(encoding="utf-8")))
        await end
        return 0

    async def _take_orders(self) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            await self._carry_out(json.loads(line))
        if not self._detached:
            self._end.set()

    async def _carry_out(self, order: dict[str, str]) -> None:
        if order["do"] == "detach":
            self._detached = True
            return
        try:
            await self._stack.order(order["part"], order["do"], order.get("how"))
            tell(done=order["id"])
        except EmbeddedError as error:
            tell(failed=str(error), id=order["id"])


def tell(**words: object) -> None:
    """Says one thing to the parent, if there still is one."""
    with contextlib.suppress(OSError):
        sys.stdout.write(json.dumps(words) + "\n")
        sys.stdout.flush()


def _in_words(failure: BaseException, paths: RunPaths) -> str:
    if isinstance(failure, EmbeddedError):
        return str(failure)
    _log.error("the start failed", exc_info=failure)
    return f"The start failed ({type(failure).__name__}): see {paths.log(SUPERVISOR)}."


def _own(options: argparse.Namespace, paths: RunPaths) -> int:
    process.record(paths, SUPERVISOR, os.getpid())
    left = end_leftovers(paths)
    if left:
        tell(say=f"ended what a former run left: {', '.join(left)}")
    stack = Stack(
        paths,
        options.parts.split(","),
        SystemRandom(),
        lambda words: tell(say=words),
        not options.ephemeral,
    )
    try:
        return asyncio.run(Supervisor(paths, stack).run())
    finally:
        process.forget(paths, SUPERVISOR)
        if options.ephemeral:
            erase(paths)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--ephemeral", action="store_true", help="remove the run folder at the end")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    paths = RunPaths(options.dir.absolute())
    try:
        paths.make()
        lock = take(paths.lock_file)
    except EmbeddedError as error:
        tell(failed=str(error))
        return 1
    if lock is None:
        tell(taken=True)
        return 1
    return _own(options, paths)


if __name__ == "__main__":
    sys.exit(main())
