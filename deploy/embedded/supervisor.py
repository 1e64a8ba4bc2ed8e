"""The process that owns a run folder: starts the parts, keeps them running, stops them in order.

It is a separate process, so that a detached run outlives its terminal and any other run ends with its parent.
Its standard input is a pipe from the parent: when the pipe closes, the supervisor stops. Commands arrive on the
pipe, one JSON object per line; answers go to standard output:

    {"id": 1, "action": "restart", "part": "kafka", "signal": "SIGKILL"}   {"done": 1} or {"failed": "…", "id": 1}
    {"action": "detach"}                                 the supervisor ignores the end of the pipe from now on

During the start it sends {"progress": "…"}, then one of {"ready": {…}}, {"failed": "…"}, {"already_running": true}.
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
from deploy.embedded.runfile import acquire_lock
from deploy.embedded.services import PARTS
from deploy.embedded.shutdown import SUPERVISOR, end_leftovers, remove_run
from deploy.embedded.stack import Stack

_log = logging.getLogger("hva.supervisor")


class Supervisor:
    """One run from start to stop."""

    def __init__(self, paths: RunPaths, stack: Stack) -> None:
        self._paths, self._stack = paths, stack
        self._stop_requested = asyncio.Event()
        self._detached = False

    async def run(self) -> int:
        """Returns 0 after a stop request, 1 if the start failed."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop_requested.set)
        commands = asyncio.create_task(self._read_commands())
        try:
            return await self._start_and_wait()
        finally:
            commands.cancel()
            await self._stack.stop()

    async def _start_and_wait(self) -> int:
        start, end = asyncio.create_task(self._stack.start()), asyncio.create_task(self._stop_requested.wait())
        await asyncio.wait({start, end}, return_when=asyncio.FIRST_COMPLETED)
        if not start.done():
            start.cancel()
            await asyncio.gather(start, return_exceptions=True)
            return 0
        if failure := start.exception():
            send(failed=_error_message(failure, self._paths))
            end.cancel()
            return 1
        send(ready=json.loads(self._paths.run_file.read_text(encoding="utf-8")))
        await end
        return 0

    async def _read_commands(self) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            await self._execute(json.loads(line))
        if not self._detached:
            self._stop_requested.set()

    async def _execute(self, command: dict[str, str]) -> None:
        if command["action"] == "detach":
            self._detached = True
            return
        try:
            await self._stack.control(command["part"], command["action"], command.get("signal"))
            send(done=command["id"])
        except EmbeddedError as error:
            send(failed=str(error), id=command["id"])


def send(**message: object) -> None:
    """Sends one message to the parent, if it still runs."""
    with contextlib.suppress(OSError):
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def _error_message(failure: BaseException, paths: RunPaths) -> str:
    if isinstance(failure, EmbeddedError):
        return str(failure)
    _log.error("the start failed", exc_info=failure)
    return f"The start failed ({type(failure).__name__}): see {paths.log(SUPERVISOR)}."


def _run_supervisor(options: argparse.Namespace, paths: RunPaths) -> int:
    process.record(paths, SUPERVISOR, os.getpid())
    leftovers = end_leftovers(paths)
    if leftovers:
        send(progress=f"ended processes of an earlier run: {', '.join(leftovers)}")
    stack = Stack(
        paths,
        options.parts.split(","),
        SystemRandom(),
        lambda message: send(progress=message),
        not options.ephemeral,
    )
    try:
        return asyncio.run(Supervisor(paths, stack).run())
    finally:
        process.forget(paths, SUPERVISOR)
        if options.ephemeral:
            remove_run(paths)


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
        lock = acquire_lock(paths.lock_file)
    except EmbeddedError as error:
        send(failed=str(error))
        return 1
    if lock is None:
        send(already_running=True)
        return 1
    return _run_supervisor(options, paths)


if __name__ == "__main__":
    sys.exit(main())
