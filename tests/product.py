"""The product under test: real services as processes, on the servers of the run, with their own database and topics.

Tests use the product as its users do: they load lines, wait with `hva wait`, and read figures from the views. Faults
are injected into these processes by process id.
"""

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.hva.context import Connection
from deploy.hva.load import Tally, send
from deploy.hva.wait import wait_until_done
from shared.contracts.catalogue import TOPICS
from shared.edge.produce import make_producer
from shared.edge.topics import ensure_topics
from shared.postgres.bootstrap import ROLES, SERVICE_ROLES, bootstrap, dsn_for
from shared.postgres.migrate import migrate
from tests.deadlines import DEADLINE_S
from tests.forks import Forks
from tests.publications import hold_publications
from tests.replica import Replica, wait_until

SERVICES = ("ingest", "nps", "fcr", "segments")
ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "tests" / "data" / "sample"
_PASSWORD = "test-only"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Database:
    """A migrated, empty database."""

    name: str
    admin: str

    def dsn(self, role: str) -> str:
        """The DSN of a role of the product."""
        return dsn_for(self.admin, self.name, role, _PASSWORD)


async def _execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def _templates() -> list[str]:
    return []


@asynccontextmanager
async def cloned_database(postgres: str, templates: list[str]) -> AsyncIterator[Database]:
    """A database cloned from the one in `templates`, which is migrated once in a run."""
    if not templates:
        name = f"template_{os.getpid()}"
        await bootstrap(postgres, dict.fromkeys(ROLES, _PASSWORD), name)
        await migrate(dsn_for(postgres, name, "hva_migrate", _PASSWORD), SERVICES)
        templates.append(name)
    name = f"test_{os.getpid()}_{next(_numbers)}"
    await _execute(
        postgres,
        f"create database {name} owner hva_migrate template {templates[0]} strategy file_copy",
        f"revoke all on database {name} from public",  # rights of a database are not cloned
        *(f"grant connect on database {name} to {role}" for role in ROLES),
        *(f"grant temporary on database {name} to {role}" for role in SERVICE_ROLES),
    )
    yield Database(name, postgres)
    await _execute(postgres, f"drop database {name} with (force)")


@pytest.fixture
async def database(postgres: str, _templates: list[str]) -> AsyncIterator[Database]:
    """A database of one test."""
    async with cloned_database(postgres, _templates) as database:
        yield database


@dataclass
class Product:
    """The services of one test."""

    forks: Forks
    kafka: str
    database: Database
    folder: Path
    topic_prefix: str
    publisher: "asyncpg.Connection[asyncpg.Record]"
    config_dir: Path = SAMPLE / "config"
    environment: dict[str, str] = field(default_factory=dict)
    replicas: list[Replica] = field(default_factory=list)

    def connection(self) -> Connection:
        """What the verbs of `hva` connect to."""
        return Connection(
            kafka=self.kafka,
            postgres_steward=self.database.dsn("hva_steward"),
            postgres_reader=self.database.dsn("hva_reader"),
            postgres_admin=self.database.admin,
            postgres_migrate=self.database.dsn("hva_migrate"),
            config_dir=self.config_dir,
            key_file=self.folder / "pseudonym.keys",
            dead_letter_key_file=self.folder / "letter.keys",
            services={},
            topic_prefix=self.topic_prefix,
        )

    async def start(
        self, service: str, extra: Mapping[str, str] | None = None, ready: bool = True, module: str = ""
    ) -> Replica:
        """Start a replica of a service and wait until it is ready. `module` replaces the module of the service."""
        log = self.folder / f"{service}-{next(_numbers)}.log"
        environment = {
            **os.environ,
            "HVA_KAFKA_BOOTSTRAP": self.kafka,
            "HVA_POSTGRES_URL": self.database.dsn(f"hva_{service}"),
            "HVA_CONFIG_DIR": str(self.config_dir),
            "HVA_PSEUDONYM_KEY_FILE": str(self.folder / "pseudonym.keys"),
            "HVA_LETTER_KEY_FILE": str(self.folder / "letter.keys"),
            "HVA_TOPIC_PREFIX": self.topic_prefix,
            "HVA_METRICS_PORT": "0",
            **self.environment,
            **(extra or {}),
        }
        program, arguments = (module, [service]) if module else (f"services.{service}", [])
        replica = Replica(service, self.forks.start(program, arguments, environment, log), log)
        self.replicas.append(replica)
        if ready:
            await self.ready(replica)
        return replica

    async def start_all(self, extra: Mapping[str, str] | None = None) -> list[Replica]:
        """Start a replica of every service, because `hva wait` waits for all of them. The first result is ingest."""
        return list(await asyncio.gather(*(self.start(service, extra) for service in SERVICES)))

    async def ready(self, replica: Replica) -> None:
        """Wait until a replica reports that it is ready."""

        async def is_ready() -> bool:
            if replica.process.returncode is not None:
                pytest.fail(f"{replica.service} ended: {replica.log.read_text()[-2000:]}")
            return (await replica.probe())[0] == 200

        await wait_until(is_ready, f"{replica.service} is ready")

    async def load(self, lines: Iterable[bytes]) -> Tally:
        """Send lines to the raw topics, as `hva load` does."""
        producer = make_producer(self.kafka, "test-load")
        await producer.start()
        tally = Tally()
        try:
            await send(
                producer, BytesIO(b"".join(line + b"\n" for line in lines)), tally, topic_prefix=self.topic_prefix
            )
        finally:
            await producer.stop()
        return tally

    async def wait(self, within: float = DEADLINE_S, published: bool = False) -> None:
        """`hva wait`."""
        await wait_until_done(self.connection(), within, published)

    async def let_publish(self) -> None:
        """From here on the families publish what is due or requested."""
        await self.publisher.close()

    async def fetch(self, query: str, *arguments: object, as_of: str = "") -> list[dict[str, Any]]:
        """Rows of a query, read as the steward."""
        connection = await asyncpg.connect(
            self.database.dsn("hva_steward"), server_settings={"hva.as_of": as_of} if as_of else {}
        )
        try:
            return [dict(row) for row in await connection.fetch(query, *arguments)]
        finally:
            await connection.close()

    async def end(self) -> None:
        """End every process of the test that still runs."""
        for replica in self.replicas:
            if replica.process.returncode is None:
                replica.signal(signal.SIGCONT)
                await replica.kill()


async def _delete_topics(kafka: str, prefix: str) -> None:
    """Delete the topics of a test, because a broker with many topics restarts slowly."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    try:
        await admin.start()
        await admin.delete_topics([prefix + topic.name for topic in TOPICS])
    except KafkaError as error:
        print(f"topics of {prefix} stay: {type(error).__name__}")  # a test may leave Kafka stopped
    finally:
        await admin.close()


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    forks = Forks()
    yield forks
    forks.end()


@asynccontextmanager
async def empty_product(forks: Forks, kafka: str, database: Database, folder: Path) -> AsyncIterator[Product]:
    """Topics and keys of a product whose services are started later. They publish after `let_publish`."""
    for name, key in (("pseudonym", "k1"), ("letter", "l1")):
        path = folder / f"{name}.keys"
        path.touch(mode=0o600)
        path.write_text(f"{key} {'A' * 43}=\n")
    prefix = f"t{os.getpid()}-{next(_numbers)}."
    await ensure_topics(kafka, prefix)
    publisher = await hold_publications(database.dsn("hva_migrate"))
    product = Product(forks, kafka, database, folder, prefix, publisher)
    yield product
    await product.end()
    publisher.terminate()
    await _delete_topics(kafka, prefix)


@pytest.fixture
async def product(forks: Forks, kafka: str, database: Database, tmp_path: Path) -> AsyncIterator[Product]:
    """Topics, keys and an empty database; services are started by the test."""
    async with empty_product(forks, kafka, database, tmp_path) as product:
        yield product
