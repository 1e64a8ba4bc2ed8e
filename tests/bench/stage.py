"""The environment of a benchmark: one Kafka, one PostgreSQL with fsync, and every service under test as a process
with its own database and consumer groups."""

import asyncio
import base64
import contextlib
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NoReturn

import asyncpg
import psutil
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from deploy.embedded.client import SupervisorClient
from deploy.embedded.run_paths import RunPaths
from shared.contracts.catalogue import Topic, group_id
from shared.edge.offsets import partitions_of
from shared.edge.produce import Outgoing, make_producer, publish
from shared.edge.topics import ensure_topics
from shared.postgres.bootstrap import ROLES, bootstrap, dsn_for
from shared.postgres.migrate import migrate
from tests.bench.family import FAMILIES
from tests.bench.workload import registers_folder
from tests.publications import hold_publications

ROOT: Final = Path(__file__).parents[2]
_PASSWORD: Final = "bench-only"
_TEMPLATE: Final = "bench_template"
_SERVICES: Final = ("ingest", *FAMILIES)
_CHUNK: Final = 5000  # records published together
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Database:
    """A migrated, empty database with the tables of the product and of the peers."""

    name: str
    admin: str

    def dsn(self, role: str | None = None) -> str:
        """The DSN of one of the product's roles, or of the administrator without a role."""
        return dsn_for(self.admin, self.name, role, _PASSWORD if role else None)


@dataclass
class Running:
    """A process under test."""

    process: asyncio.subprocess.Process
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def fail(self, reason: str) -> NoReturn:
        """Raise RuntimeError with the end of the log."""
        raise RuntimeError(f"{reason}: {self.log.read_text()[-2000:]}")

    async def stop(self) -> None:
        """Stop gracefully; kill after 30 s."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), 30)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()


@dataclass
class Stage:
    """Both running servers and the processes started on them."""

    kafka: str
    admin: str
    folder: Path
    server_pid: int
    running: list[Running] = field(default_factory=list)
    publishers: "dict[str, asyncpg.Connection[asyncpg.Record]]" = field(default_factory=dict)

    async def database(self) -> Database:
        """Create a database from the migrated template. Nothing is published from it: publication has its own part."""
        name = f"bench_{next(_numbers)}"
        await self._admin(f"create database {name} owner hva_migrate template {_TEMPLATE}")
        for role in ROLES:
            await self._admin(f"grant connect on database {name} to {role}")
        database = Database(name, self.admin)
        self.publishers[name] = await hold_publications(database.dsn())
        return database

    async def release_publications(self, database: Database) -> None:
        """Let the services publish from the database what is due."""
        await self.publishers.pop(database.name).close()

    async def drop(self, database: Database) -> None:
        """Drop the database to free its disk space."""
        await self._admin(f"drop database {database.name} with (force)")

    async def topics(self, prefix: str, topics: Sequence[Topic]) -> None:
        """Create empty topics."""
        await ensure_topics(self.kafka, prefix, topics)

    async def delete_topics(self, prefix: str) -> None:
        """Delete every topic whose name contains the prefix."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
        await admin.start()
        try:
            await admin.delete_topics([name for name in await admin.list_topics() if prefix in name])
        finally:
            await admin.close()

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Write records and wait for every acknowledgement."""
        producer = make_producer(self.kafka, "bench")
        await producer.start()
        try:
            for first in range(0, len(records), _CHUNK):
                await publish(producer, records[first : first + _CHUNK])
        finally:
            await producer.stop()

    async def publish_at_once(self, records: Sequence[Outgoing], commit: Callable[[], None]) -> None:
        """Write records in one transaction: consumers of committed records see all of them after `commit` is called."""
        producer = make_producer(self.kafka, "bench", transactional=f"bench-{next(_numbers)}")
        await producer.start()
        try:
            async with producer.transaction():
                for first in range(0, len(records), _CHUNK):
                    await publish(producer, records[first : first + _CHUNK])
                commit()
        finally:
            await producer.stop()

    async def rewind(self, group: str, topic: str) -> None:
        """Let the next member of an empty group begin at the beginning."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka, group_id=group, enable_auto_commit=False)
        await consumer.start()
        try:
            places = partitions_of([topic])
            consumer.assign(places)
            await consumer.commit(dict.fromkeys(places, 0))
        finally:
            await consumer.stop()

    async def service(self, name: str, database: Database, prefix: str, **settings: str) -> Running:
        """Start a service of the product."""
        environment = {
            "HVA_KAFKA_BOOTSTRAP": self.kafka,
            "HVA_POSTGRES_URL": database.dsn(f"hva_{name}"),
            "HVA_CONFIG_DIR": str(registers_folder()),
            "HVA_PSEUDONYM_KEY_FILE": str(self.folder / "pseudonym.keys"),
            "HVA_LETTER_KEY_FILE": str(self.folder / "letter.keys"),
            "HVA_TOPIC_PREFIX": prefix,
            "HVA_METRICS_PORT": "0",
            **settings,
        }
        return await self._run([f"services.{name}"], environment)

    async def peer(self, name: str, family: str, database: Database, topic: str, group: str) -> Running:
        """Start one of the programs to compare with."""
        return await self._run([f"tests.bench.peers.{name}", family, self.kafka, database.dsn(), topic, group], {})

    async def _run(self, module: Sequence[str], environment: Mapping[str, str]) -> Running:
        return await self.program(module[0], [sys.executable, "-m", *module], environment)

    async def program(self, name: str, argv: Sequence[str], environment: Mapping[str, str]) -> Running:
        """Start any program; `name` is for its log."""
        log = self.folder / f"{name}-{next(_numbers)}.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *argv,
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=output,
                stderr=output,
            )
        running = Running(process, log)
        self.running.append(running)
        return running

    def postgres_processes(self) -> list[psutil.Process]:
        """The server and all its backends."""
        return self._processes("postgres")

    def kafka_processes(self) -> list[psutil.Process]:
        """The broker."""
        return self._processes("java")

    def _processes(self, name: str) -> list[psutil.Process]:
        found = []
        for process in psutil.Process(self.server_pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.name().startswith(name):
                    found.append(process)
        return found

    async def execute(self, database: Database, *statements: str) -> None:
        """Run each statement as the administrator, in its own transaction and with asynchronous commit."""
        connection = await asyncpg.connect(database.dsn(), server_settings={"synchronous_commit": "off"})
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def _admin(self, statement: str) -> None:
        connection = await asyncpg.connect(self.admin)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def group_of(service: str, topic: Topic, prefix: str) -> str:
    """The consumer group of a service under a topic prefix."""
    return prefix + group_id(service, topic)


@contextlib.asynccontextmanager
async def stage(servers: Sequence[str] = ("kafka", "postgres")) -> AsyncIterator[Stage]:
    """The servers in a temporary folder. Without Kafka its address is empty."""
    folder = _folder()
    client = SupervisorClient(RunPaths(folder / "run"), servers)
    try:
        run = await asyncio.to_thread(client.wait_ready)
        ready = Stage(run.get("kafka", ""), run["postgres"]["admin"], folder, client.pid)
        await _prepare(ready)
        try:
            yield ready
        finally:
            await asyncio.gather(*(running.stop() for running in ready.running))
    finally:
        client.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="hva-bench-"))
    folder.chmod(0o711)  # PostgreSQL runs under another account and must reach its folder inside
    return folder


async def _prepare(ready: Stage) -> None:
    for name in ("pseudonym", "letter"):
        path = ready.folder / f"{name}.keys"
        path.touch(mode=0o600)
        path.write_text(f"b1 {base64.b64encode(os.urandom(32)).decode()}\n")
    await bootstrap(ready.admin, dict.fromkeys(ROLES, _PASSWORD), _TEMPLATE)
    await migrate(dsn_for(ready.admin, _TEMPLATE, "hva_migrate", _PASSWORD), _SERVICES)
    template = Database(_TEMPLATE, ready.admin)
    for tables in ("naive.sql", "peers.sql"):
        await ready.execute(template, (Path(__file__).parent / "peers" / tables).read_text())
