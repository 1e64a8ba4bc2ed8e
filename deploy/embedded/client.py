"""The parent's end of a supervisor: start one, hear when it is ready, give it orders, let it go.

When this process ends, in whatever way, its end of the pipe closes and the supervisor stops everything.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from deploy.embedded.errors import EmbeddedError
from deploy.embedded.run_paths import PROJECT, RunPaths
from deploy.embedded.services import PARTS


class AlreadyRunning(Exception):  # not a fault: what was wanted is there
    """The run folder has a supervisor already."""


class SupervisorClient:
    """One supervisor process, started at once; safe to use from several threads."""

    def __init__(self, paths: RunPaths, parts: Sequence[str] = PARTS, *, ephemeral: bool = False) -> None:
        paths.make()
        options = [
            f"--dir={paths.dir}",
            f"--parts={','.join(parts)}",
            *(["--ephemeral"] if ephemeral else []),
        ]
        self._places = paths
        self._speaking = threading.Lock()
        self._number = 0
        log = os.open(paths.log("supervisor"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "deploy.embedded.supervisor", *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=PROJECT,
                start_new_session=True,  # Ctrl-C reaches us; we close the pipe
                text=True,
            )
        finally:
            os.close(log)

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_ready(self, say: Callable[[str], None] = lambda words: None) -> dict[str, Any]:
        """The content of run.json once everything serves. Raises EmbeddedError, AlreadyRunning."""
        with self._speaking:
            while True:
                words = self._hear()
                if "say" in words:
                    say(words["say"])
                elif "ready" in words:
                    return dict(words["ready"])
                elif "taken" in words:
                    raise AlreadyRunning
                else:
                    raise EmbeddedError(words["failed"])

    def order(self, part: str, what: str, how: str | None = None) -> None:
        """Has a server stopped, started or restarted; returns when that is done. Raises EmbeddedError."""
        with self._speaking:
            self._number += 1
            self._say({"id": self._number, "do": what, "part": part, "how": how})
            words = self._hear()
            if "failed" in words:
                raise EmbeddedError(words["failed"])

    def detach(self) -> None:
        """Lets the supervisor live on without us."""
        self._say({"do": "detach"})
        self._close_pipes()
        self._process.returncode = 0  # ours no more: nobody here waits for it

    def wait(self) -> int:
        """Returns when the supervisor ends by itself or by somebody else's order."""
        return self._process.wait()

    def stop(self) -> None:
        """Has everything stopped and waits for it."""
        self._close_pipes()
        self._process.wait()

    def _say(self, order: dict[str, object]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._gone() from error

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._gone()
        words: dict[str, Any] = json.loads(line)
        return words

    def _gone(self) -> EmbeddedError:
        return EmbeddedError(f"The supervisor ended unexpectedly: see {self._places.log('supervisor')}.")

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                try:
                    pipe.close()
                except OSError:  # what was not written yet is of no interest to a supervisor that is gone
                    continue
