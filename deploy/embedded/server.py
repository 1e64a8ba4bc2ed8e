"""The common part of the Kafka and PostgreSQL servers: start on a free port, check, stop, start again."""

import asyncio
import signal
from abc import ABC, abstractmethod
from random import Random

from deploy.embedded import process
from deploy.embedded.errors import EmbeddedError
from deploy.embedded.run_paths import RunPaths

_MAX_ATTEMPTS = 6
_READY_TIMEOUT = 90.0  # seconds; a cold start takes 3-4 on a free machine
_POLL_INTERVAL = 0.05  # seconds


class Server(ABC):
    """One server process of this run folder, reached over loopback."""

    name: str  # of its folder, log and pid file
    title: str  # for messages
    transient_errors: tuple[str, ...]  # log texts after which another attempt may succeed

    def __init__(self, paths: RunPaths, rng: Random) -> None:
        self.paths = paths
        self.rng = rng
        self._launch: process.Launch | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()

    @abstractmethod
    async def prepare(self) -> None:
        """Creates what the first start needs. May take seconds when the caches are empty."""

    @abstractmethod
    def choose_ports(self) -> None:
        """Picks new ports."""

    @abstractmethod
    def launch(self) -> process.Launch:
        """Writes the settings for the chosen ports and returns how to start the server."""

    @abstractmethod
    async def accepts_clients(self) -> bool:
        """Whether the server serves a client now."""

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def crashed(self) -> bool:
        """Whether it ended without a stop request."""
        child = self._process
        return not self._lock.locked() and child is not None and child.returncode is not None

    async def start(self) -> None:
        """Starts and returns once it serves clients. Raises EmbeddedError."""
        await self.prepare()
        self.choose_ports()
        async with self._lock:
            await self._start(new_ports=True)

    async def start_again(self) -> None:
        """Starts with the same ports and data as before; does nothing if it runs. Raises EmbeddedError."""
        async with self._lock:
            if not self.running:
                await self._start(new_ports=False)

    async def stop(self, stop_signal: signal.Signals | None = None) -> None:
        """Stops with the given signal, by default gracefully; does nothing if it does not run."""
        async with self._lock:
            await self._stop(stop_signal)

    async def _stop(self, stop_signal: signal.Signals | None = None) -> None:
        if self._process is None or self._launch is None:
            return
        launch, child, self._process = self._launch, self._process, None
        await process.end(child, stop_signal or launch.stop_signal, launch.stop_timeout)
        process.forget(self.paths, self.name)

    async def _start(self, *, new_ports: bool) -> None:
        for attempt in range(_MAX_ATTEMPTS):
            if attempt and new_ports:
                self.choose_ports()
            self._launch = self.launch()
            self._process = await process.spawn(self.paths, self._launch)
            if await self._becomes_ready(self._process):
                return
            await asyncio.sleep(0.2 * attempt)
        raise EmbeddedError(f"{self.title} does not start: see {self.paths.log(self.name)}.")

    async def _becomes_ready(self, child: asyncio.subprocess.Process) -> bool:
        """True once it serves clients, False if it ended with a transient error. Raises EmbeddedError."""
        deadline = asyncio.get_running_loop().time() + _READY_TIMEOUT
        log = self.paths.log(self.name)
        while child.returncode is None:
            if await self.accepts_clients():
                return True
            if asyncio.get_running_loop().time() > deadline:
                await self._stop(signal.SIGKILL)
                raise EmbeddedError(f"{self.title} did not answer in {_READY_TIMEOUT:.0f} s: see {log}.")
            await asyncio.sleep(_POLL_INTERVAL)
        log_tail = process.tail(log)
        if any(error in log_tail for error in self.transient_errors):
            return False
        raise EmbeddedError(f"{self.title} ended at its start: see {log}.")
