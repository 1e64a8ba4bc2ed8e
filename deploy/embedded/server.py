"""What Kafka and PostgreSQL have in common here: start on a free port, answer, stop, start again."""

import asyncio
import signal
from abc import ABC, abstractmethod
from random import Random

from deploy.embedded import process
from deploy.embedded.errors import EmbeddedError
from deploy.embedded.run_paths import RunPaths

_ATTEMPTS = 6
_ANSWER_WITHIN = 90.0  # seconds; a cold start takes 3-4 on a free machine
_POLL = 0.05  # seconds


class Server(ABC):
    """One server process of this run folder, spoken to over loopback."""

    name: str  # of its folder, log and pid file
    title: str  # for people
    passing_faults: tuple[str, ...]  # words in its log after which another try is worthwhile

    def __init__(self, paths: RunPaths, chance: Random) -> None:
        self.paths = paths
        self.chance = chance
        self._launch: process.Launch | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._changing = asyncio.Lock()

    @abstractmethod
    async def prepare(self) -> None:
        """Makes what must stand before the first start. May take seconds when the caches are empty."""

    @abstractmethod
    def choose_ports(self) -> None:
        """Picks new ports."""

    @abstractmethod
    def launch(self) -> process.Launch:
        """Writes the settings for the chosen ports and says how to start."""

    @abstractmethod
    async def answers(self) -> bool:
        """Whether a client is served right now."""

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def crashed(self) -> bool:
        """Whether it ended without being told to."""
        child = self._process
        return not self._changing.locked() and child is not None and child.returncode is not None

    async def start(self) -> None:
        """Starts and returns once clients are served. Raises EmbeddedError."""
        await self.prepare()
        self.choose_ports()
        async with self._changing:
            await self._start(may_move=True)

    async def start_again(self) -> None:
        """Starts where it stood before: same ports, same data; does nothing when it runs."""
        async with self._changing:
            if not self.running:
                await self._start(may_move=False)

    async def stop(self, how: signal.Signals | None = None) -> None:
        """Stops, politely unless told how; does nothing when it does not run."""
        async with self._changing:
            await self._stop(how)

    async def _stop(self, how: signal.Signals | None = None) -> None:
        if self._process is None or self._launch is None:
            return
        launch, child, self._process = self._launch, self._process, None
        await process.end(child, how or launch.polite, launch.patience)
        process.forget(self.paths, self.name)

    async def _start(self, *, may_move: bool) -> None:
        for attempt in range(_ATTEMPTS):
            if attempt and may_move:
                self.choose_ports()
            self._launch = self.launch()
            self._process = await process.spawn(self.paths, self._launch)
            if await self._settles(self._process):
                return
            await asyncio.sleep(0.2 * attempt)
        raise EmbeddedError(f"{self.title} does not start: see {self.paths.log(self.name)}.")

    async def _settles(self, child: asyncio.subprocess.Process) -> bool:
        """True once it answers, False when it ended over something that passes."""
        deadline = asyncio.get_running_loop().time() + _ANSWER_WITHIN
        log = self.paths.log(self.name)
        while child.returncode is None:
            if await self.answers():
                return True
            if asyncio.get_running_loop().time() > deadline:
                await self._stop(signal.SIGKILL)
                raise EmbeddedError(f"{self.title} did not answer in {_ANSWER_WITHIN:.0f} s: see {log}.")
            await asyncio.sleep(_POLL)
        words = process.tail(log)
        if any(fault in words for fault in self.passing_faults):
            return False
        raise EmbeddedError(f"{self.title} ended at its start: see {log}.")
