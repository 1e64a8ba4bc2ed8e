"""Service processes that need not import anew what every service imports.

`python -m tests.forks` imports the services once and forks a process for each one that is asked for: with an
environment, arguments, a log and a life of its own. A run starts some two hundred, and a second of processor time
for each of them would be half of the run. That services start from nothing is seen by the tests of the command.
"""

import asyncio
import json
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from select import select
from typing import Any

from tests.bytecode import BYTECODE
from tests.deadlines import DEADLINE_S

_IMPORTED = (
    "services.ingest.app",
    "services.nps.app",
    "services.fcr.app",
    "services.segments.app",
    "shared.edge.service",
)


@dataclass
class Fork:
    """What the tests use of a process; its exit code is in a file as soon as it has ended."""

    pid: int
    exit_file: Path

    @property
    def returncode(self) -> int | None:
        try:
            return int(self.exit_file.read_text())
        except FileNotFoundError:
            return None

    def send_signal(self, number: signal.Signals) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    async def wait(self) -> int:
        while (code := self.returncode) is None:  # noqa: ASYNC110 - told by another process
            await asyncio.sleep(0.01)
        return code


class Forks:
    """The process that forks, as the tests see it; what it forked ends with it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forks"],
            cwd=Path(__file__).parent.parent,
            env={**os.environ, **BYTECODE},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def start(self, module: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Fork:
        """As `python -m <module> <arguments>` with this environment and its output in `log`."""
        assert self._process.stdin is not None and self._process.stdout is not None
        log.touch()
        wanted = [module, list(arguments), dict(environment), str(log)]
        self._process.stdin.write(json.dumps(wanted).encode() + b"\n")
        self._process.stdin.flush()
        return Fork(int(self._process.stdout.readline()), _exit_file(log))

    def end(self) -> None:
        self._process.communicate(timeout=DEADLINE_S)


def _exit_file(log: Path) -> Path:
    return log.with_suffix(".exit")


def _serve() -> None:
    """Fork by the lines of standard input until it ends; whoever asks reads the answer before it asks again."""
    children: dict[int, Path] = {}
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    while True:
        ready, _, _ = select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 1024)
            _reap(children)
        if 0 in ready:
            if not (line := sys.stdin.buffer.readline()):
                break
            module, arguments, environment, log = json.loads(line)
            if (pid := os.fork()) == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _become(module, arguments, environment, log)
            children[pid] = _exit_file(Path(log))
            print(pid, flush=True)
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _reap(children: dict[int, Path]) -> None:
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            file = children.pop(ended[0])
            file.with_suffix(".new").write_text(str(os.waitstatus_to_exitcode(ended[1])))
            file.with_suffix(".new").rename(file)


def _become(module: str, arguments: list[str], environment: dict[str, str], log: str) -> Any:
    """The forked process becomes the one that was asked for, and ends as it would."""
    output = os.open(log, os.O_WRONLY | os.O_APPEND)
    for stream, target in ((os.open(os.devnull, os.O_RDONLY), 0), (output, 1), (output, 2)):
        os.dup2(stream, target)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [module, *arguments]
    code = 1
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    for name in _IMPORTED:
        import_module(name)
    _serve()
