"""The one Kafka and the one PostgreSQL of a test run.

They start in the background, at the same time, when a collected test needs them, in a temporary folder. When pytest
ends in any way, its end of the supervisor's pipe closes, and the servers stop. If a server cannot start, the tests that
need it fail; they are not skipped.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, settings

from deploy.embedded.client import SupervisorClient
from deploy.embedded.errors import EmbeddedError
from deploy.embedded.process import recorded
from deploy.embedded.run_paths import RunPaths
from tests.bytecode import keep_bytecode
from tests.memory import folder_in_memory

keep_bytecode()
# A busy machine may be slow: only a wrong result fails a property test.
settings.register_profile(
    "hva",
    deadline=None,
    suppress_health_check=[check for check in HealthCheck if check is not HealthCheck.filter_too_much],
)
settings.load_profile("hva")
pytest_plugins = ["tests.product"]

_PARTS = {"kafka_server": "kafka", "postgres_server": "postgres"}
_QUICK = ("property", "unit")  # folders whose tests need no server
_LONG = (
    "test_hangs.py",
    "browser",
    "fault",
    "e2e",
    "prometheus",
    "embedded",
)  # files and folders, the longest tests first


@dataclass(frozen=True, slots=True)
class ServerUnderTest:
    """One server of the run. Its address stays the same after a restart.

    The methods block for some seconds at most. Tests that run something else in the event loop meanwhile
    call them through `asyncio.to_thread`.
    """

    name: str
    address: str
    client: SupervisorClient
    paths: RunPaths

    def start(self) -> None:
        self.client.control(self.name, "start")

    def stop(self, mode: str = "fast") -> None:
        """`fast`: a normal shutdown. `immediate`: SIGQUIT, for Kafka SIGKILL. `kill`: SIGKILL."""
        self.client.control(self.name, "stop", self._signal(mode))

    def restart(self, mode: str = "fast") -> None:
        self.client.control(self.name, "restart", self._signal(mode))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """A context in which the server hangs: its processes are stopped (SIGSTOP), its connections stay open."""
        pid = recorded(self.paths, self.name)
        assert pid is not None, f"{self.name} does not run"
        server = psutil.Process(pid)
        server.suspend()  # first, so that it starts no more children
        children = server.children(recursive=True)
        for process in children:
            process.suspend()
        try:
            yield
        finally:
            for process in (*children, server):
                process.resume()

    def _signal(self, mode: str) -> str | None:
        sudden = "SIGQUIT" if self.name == "postgres" else "SIGKILL"
        return {"fast": None, "immediate": sudden, "kill": "SIGKILL"}[mode]


class EmbeddedRun:
    """The supervisor of this test run, started once with all servers that collected tests need."""

    def __init__(self) -> None:
        self._client: SupervisorClient | None = None
        self._places: RunPaths | None = None
        self._run: dict[str, Any] = {}
        self._fault: str | None = None

    def begin(self, parts: list[str]) -> None:
        self._places = RunPaths(Path(tempfile.mkdtemp(prefix="hva-test-", dir=folder_in_memory())))
        try:
            self._client = SupervisorClient(self._places, parts, ephemeral=True)
        except EmbeddedError as error:
            self._fault = str(error)

    def server(self, name: str) -> ServerUnderTest:
        if self._fault is not None or self._client is None or self._places is None:
            pytest.fail(self._fault or f"No test was collected that needs {name}.", pytrace=False)
        if not self._run:
            try:
                self._run = self._client.wait_ready()
            except EmbeddedError as error:
                self._fault = str(error)
                pytest.fail(self._fault, pytrace=False)
        address = self._run["kafka"] if name == "kafka" else self._run["postgres"]["admin"]
        return ServerUnderTest(name, address, self._client, self._places)

    def end(self) -> None:
        if self._client is not None:
            self._client.stop()


_RUN = pytest.StashKey[EmbeddedRun]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the quick tests first: their failures are reported soon, and the servers start meanwhile. Then the longest
    files, so that no process is left with a long one when the others have finished.
    """
    items.sort(key=lambda item: _rank(item.path))


def _rank(path: Path) -> int:
    names = path.parent.name, path.name
    if names[0] in _QUICK:
        return -1
    return next((rank for rank, name in enumerate(_LONG) if name in names), len(_LONG))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the servers before the first test that needs them."""
    run = session.config.stash[_RUN] = EmbeddedRun()
    fixtures = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    parts = [part for fixture, part in _PARTS.items() if fixture in fixtures]
    if parts and not session.config.option.collectonly:
        run.begin(parts)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers."""
    if _RUN in config.stash:
        config.stash[_RUN].end()


@pytest.fixture(scope="session")
def kafka_server(pytestconfig: pytest.Config) -> ServerUnderTest:
    """Kafka, with functions that stop, start and restart it."""
    return pytestconfig.stash[_RUN].server("kafka")


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> ServerUnderTest:
    """PostgreSQL, with functions that stop, start and restart it."""
    return pytestconfig.stash[_RUN].server("postgres")


@pytest.fixture
def kafka(kafka_server: ServerUnderTest) -> Iterator[str]:
    """`host:port` of Kafka, which is started if the previous test left it stopped."""
    kafka_server.start()
    yield kafka_server.address


@pytest.fixture
def postgres(postgres_server: ServerUnderTest) -> Iterator[str]:
    """The DSN of PostgreSQL's administrator. The server is started if the previous test left it stopped."""
    postgres_server.start()
    yield postgres_server.address
