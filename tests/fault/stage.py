"""The product with faults, and what every fault test asks of it afterwards."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from shared.contracts.catalogue import FEEDBACK, PERSON, TOPICS, Topic, group_id
from shared.edge.offsets import behind, committed_offsets, end_offsets
from shared.edge.produce import Outgoing, make_producer, publish
from tests.oracle import KEYS, Registers, adversarial, current, differences, duplicated, judge, load, shuffled, views
from tests.product import BYTECODE, ROOT, SAMPLE, Product, Replica, until

AS_OF = datetime(2026, 7, 1, tzinfo=UTC)
CONFIG = SAMPLE / "config"
NIGHTLY = int(os.environ.get("HVA_FAULT_ROUNDS", "1"))
"""How many times the usual number of faults; a quiet night can afford 20."""

Place = tuple[str, int, int]  # topic, partition, offset
Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Log:
    """Lines to send, and what must come of them by the recomputation."""

    lines: tuple[bytes, ...]
    figures: Rows
    rejected: Counter[str]


_ingested: dict[tuple[bytes, ...], list[Outgoing]] = {}


@cache
def registers_of(folder: Path) -> Registers:
    return load(folder)


def judged(lines: Iterable[bytes], folder: Path = CONFIG) -> Log:
    """The lines with their recomputation by the registers of a folder."""
    lines, registers, now = tuple(lines), registers_of(folder), datetime.now(UTC)
    of_line = {line: judge(line, registers, now) for line in set(lines)}
    verdicts = [of_line[line] for line in lines]
    accepted = [v for v in verdicts if hasattr(v, "kind")]
    rejected = Counter(v.reason for v in verdicts if not hasattr(v, "kind"))
    return Log(lines, views(current(accepted, erasures=True), registers, AS_OF), rejected)


@cache
def usual_log(size: int = 800) -> Log:
    """One log for most tests: adversarial, shuffled, a tenth of it doubled."""
    lines = adversarial(7, size, CONFIG)
    return judged(duplicated(shuffled(lines, 7), 7, 0.1))


@dataclass
class Stage:
    """Real services on the run's servers, and the folder in which their faults leave marks."""

    product: Product
    folder: Path
    random: Random
    expects_letters: bool = True

    async def start(
        self,
        service: str,
        faults: str = "",
        *,
        mutant: str = "",
        owner: str = "",
        ready: bool = True,
        batch: int = 40,
        session: float = 1.5,
    ) -> Replica:
        """Start a replica with faults (`kill@committed#2`) or a mutant, or as an owner of all records.

        `session`: seconds after which the group misses it when it was killed.
        """
        environment = {
            "HVA_TEST_FOLDER": str(self.folder),
            "HVA_TEST_FAULTS": faults,
            "HVA_TEST_MUTANT": mutant,
            "HVA_TEST_OWNER": owner,
            "HVA_TEST_SESSION_MS": str(round(session * 1000)),
            "HVA_MAX_RECORDS": str(batch),
        }
        return await self.product.start(service, environment, ready, module="tests.fault.faulty")

    async def ingested(self, log: Log) -> None:
        """Let a log have passed ingest: by a real one the first time, later its canonical records are sent again."""
        prefix = self.product.topic_prefix
        if records := _ingested.get(log.lines):
            producer = make_producer(self.product.kafka, "test-again")
            await producer.start()
            await publish(producer, [record._replace(topic=prefix + record.topic) for record in records])
            await producer.stop()
            self.expects_letters = False
            return
        ingest = await self.start("ingest", batch=1000)
        await self.product.load(log.lines)
        await self.settled("ingest")
        ingest.signal(signal.SIGTERM)
        await ingest.ended()
        _ingested[log.lines] = await self.records(FEEDBACK, PERSON)

    async def records(self, *topics: Topic) -> list[Outgoing]:
        """Everything that stands on topics, without this run's prefix in their names."""
        prefix = self.product.topic_prefix
        consumer = AIOKafkaConsumer(bootstrap_servers=self.product.kafka, client_id="test-records")
        await consumer.start()
        try:
            ends = await end_offsets(self.product.kafka, [prefix + topic.name for topic in topics])
            consumer.assign([place for place, end in ends.items() if end])
            await consumer.seek_to_beginning()
            found: list[Outgoing] = []
            while len(found) < sum(ends.values()):
                for place, records in (await consumer.getmany(timeout_ms=1000)).items():
                    found += [Outgoing(place.topic.removeprefix(prefix), r.key, r.value) for r in records]
            return found
        finally:
            await consumer.stop()

    async def settled(self, service: str, owner: str = "", within: float = 60.0) -> None:
        """Wait until a service (or one owner of it) has committed all offsets of its topics."""
        prefix = self.product.topic_prefix
        topics = [topic for topic in TOPICS if service in topic.readers]
        ends = await end_offsets(self.product.kafka, [prefix + topic.name for topic in topics])
        admin = AIOKafkaAdminClient(bootstrap_servers=self.product.kafka, client_id="test-settled")
        await admin.start()

        async def nothing_left() -> bool:
            done: dict[Any, int] = {}
            for topic in topics:
                done |= await committed_offsets(admin, prefix + group_id(service, topic) + owner)
            return behind(ends, done) == 0

        try:
            await until(nothing_left, f"{service}{owner} has committed everything", within)
        finally:
            await admin.close()

    async def mark(self, what: str, replica: Replica, within: float = 30.0) -> list[Place]:
        """Wait until a fault has struck a replica (`held-in_transaction`); returns the batch it struck."""
        path = self.folder / f"{what}-{replica.pid}.json"

        def struck() -> bool:
            return path.exists() or replica.process.returncode not in (None, -9)

        await until(struck, f"{what} of {replica.service}: {replica.log.read_text()[-1000:]}", within)
        return [(topic, partition, offset) for topic, partition, offset in json.loads(path.read_text())]

    def release(self, replica: Replica) -> None:
        """Let a replica go on that is held."""
        (self.folder / f"release-{replica.pid}").touch()

    def handled(self, replica: Replica) -> list[Place]:
        """Every record that was handed to a replica, in order, as often as it was."""
        trace = self.folder / f"trace-{replica.pid}"
        lines = trace.read_text().splitlines() if trace.exists() else []
        return [(topic, partition, offset) for line in lines for topic, partition, offset in json.loads(line)]

    async def figures(self) -> Rows:
        """All six views as they are now."""
        as_of = AS_OF.isoformat()
        return {view: await self.product.fetch(f"select * from figures.{view}", as_of=as_of) for view in KEYS}

    async def wrong(self, log: Log) -> list[str]:
        """What differs from the recomputation: cells of the six views, and dead letters by reason."""
        found = await self.figures()
        cells = [line for view, keys in KEYS.items() for line in differences(log.figures[view], found[view], keys)]
        letters, expected = await self.letters(), log.rejected if self.expects_letters else Counter()
        if letters != expected:
            cells.append(f"letters: expected {expected}, got {letters}")
        return cells + [f"nps letter: {row}" for row in await self.product.fetch("select reason from nps.dead_letter")]

    async def letters(self) -> Counter[str]:
        """Open letters of ingest by reason. Their place is unique, so each record has one at most."""
        rows = await self.product.fetch("select reason from ingest.dead_letter where state = 'open'")
        return Counter(row["reason"] for row in rows)

    async def metric(self, replica: Replica, name: str, labels: Mapping[str, str] | None = None) -> float:
        """Sum of a metric over its label values, those that are named held fast."""
        _, text = await replica.probe("/metrics")
        wanted = [f'{label}="{value}"' for label, value in (labels or {}).items()]
        samples = [line for line in str(text).splitlines() if line.partition("{")[0].partition(" ")[0] == name]
        return sum(float(line.rpartition(" ")[2]) for line in samples if all(part in line for part in wanted))

    async def command(self, *arguments: str) -> str:
        """Run a verb of `hva` as people do; returns what it says."""
        product = self.product
        environment = {
            "HVA_KAFKA_BOOTSTRAP": product.kafka,
            "HVA_POSTGRES_URL": product.database.dsn("hva_steward"),
            "HVA_TOPIC_PREFIX": product.topic_prefix,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "deploy.hva",
            *arguments,
            cwd=ROOT,
            env=os.environ | BYTECODE | environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, output.decode()
        return output.decode()

    async def waiting_for_lock(self) -> bool:
        """Whether some writer waits for the county lock of another."""
        query = "select 1 from pg_locks l join pg_database d on d.oid = l.database and d.datname = current_database() "
        return bool(await self.product.fetch(query + "where l.locktype = 'advisory' and not l.granted"))


async def both(*starts: Any) -> list[Replica]:
    """Start replicas at once."""
    return list(await asyncio.gather(*starts))
