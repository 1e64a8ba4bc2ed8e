"""The parent's side of a supervisor: start it, wait until it is ready, send commands, detach from it.

However this process ends, its end of the pipe closes and the supervisor stops everything.
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


class AlreadyRunning(Exception):  # not an error: what the caller wants is there
    """The run folder already has a supervisor."""


class SupervisorClient:
    """One supervisor process, started by the constructor. Thread-safe."""

    def __init__(self, paths: RunPaths, parts: Sequence[str] = PARTS, *, ephemeral: bool = False) -> None:
        paths.make()
        options = [
            f"--dir={paths.dir}",
            f"--parts={','.join(parts)}",
            *(["--ephemeral"] if ephemeral else []),
        ]
        self._paths = paths
        self._lock = threading.Lock()
        self._last_id = 0
        log = os.open(paths.log("supervisor"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "deploy.embedded.supervisor", *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=PROJECT,
                start_new_session=True,  # Ctrl-C reaches only this process, which closes the pipe
                text=True,
            )
        finally:
            os.close(log)

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_ready(self, report: Callable[[str], None] = lambda message: None) -> dict[str, Any]:
        """Waits until everything is ready and returns the content of run.json.

        `report` gets progress messages. Raises EmbeddedError, AlreadyRunning.
        """
        with self._lock:
            while True:
                message = self._receive()
                if "progress" in message:
                    report(message["progress"])
                elif "ready" in message:
                    return dict(message["ready"])
                elif "already_running" in message:
                    raise AlreadyRunning
                else:
                    raise EmbeddedError(message["failed"])

    def control(self, part: str, action: str, signal_name: str | None = None) -> None:
        """Stops, starts or restarts a server and returns when that is done. Raises EmbeddedError."""
        with self._lock:
            self._last_id += 1
            self._send({"id": self._last_id, "action": action, "part": part, "signal": signal_name})
            message = self._receive()
            if "failed" in message:
                raise EmbeddedError(message["failed"])

    def detach(self) -> None:
        """Leaves the supervisor running after this process ends."""
        self._send({"action": "detach"})
        self._close_pipes()
        self._process.returncode = 0  # nothing in this process waits for it any more

    def wait(self) -> int:
        """Waits until the supervisor ends and returns its exit code."""
        return self._process.wait()

    def stop(self) -> None:
        """Stops everything and waits until it has ended."""
        self._close_pipes()
        self._process.wait()

    def _send(self, command: dict[str, object]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._connection_lost() from error

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._connection_lost()
        message: dict[str, Any] = json.loads(line)
        return message

    def _connection_lost(self) -> EmbeddedError:
        return EmbeddedError(f"The supervisor ended unexpectedly: see {self._paths.log('supervisor')}.")

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                try:
                    pipe.close()
                except OSError:  # unwritten data no longer matters when the supervisor has ended
                    continue
