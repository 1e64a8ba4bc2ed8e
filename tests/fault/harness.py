"""The product with injected faults, and the checks that fault tests make afterwards."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

from shared.contracts.catalogue import CARE, CONTACT, FEEDBACK, PERSON, SEGMENT, Topic
from shared.edge.produce import Outgoing, make_producer, publish
from tests import oracle
from tests.bytecode import BYTECODE
from tests.deadlines import DEADLINE_S
from tests.fault import topics
from tests.fault.workload import AS_OF, Rows, Workload
from tests.product import ROOT, Product
from tests.replica import Replica, wait_until

FAULT_ROUNDS = int(os.environ.get("HVA_FAULT_ROUNDS", "1"))
"""Multiplies the number of faults; a nightly run can afford 20."""
FAMILIES: Final = {"nps": oracle.NPS_KEYS, "fcr": oracle.FCR_KEYS, "segments": oracle.SEGMENT_KEYS}
"""Views of each family service, with their keys."""
SERVICES: Final = ("ingest", *FAMILIES)

Position = topics.Position

_canonical_records: dict[tuple[bytes, ...], list[Outgoing]] = {}


@dataclass
class Harness:
    """Real services on the servers of the test run, and the folder of their marks and traces."""

    product: Product
    folder: Path
    random: Random
    expects_dead_letters: bool = True

    async def start(
        self,
        service: str,
        faults: str = "",
        *,
        mutant: str = "",
        group_suffix: str = "",
        ready: bool = True,
        batch: int | None = None,
        session: float = 1.5,
        idle: float | None = DEADLINE_S,
    ) -> Replica:
        """Start a replica with faults (`kill@committed#2`), with a mutant, or in consumer groups of its own.

        `session` is the session timeout of the group in seconds. On a busy machine a live replica can exceed it and
        lose its partitions. `idle` is the time in seconds after which PostgreSQL ends an idle transaction; None keeps
        the product's. Batches of segments are small by default, because a workload has fewer care events.
        """
        environment = {
            "HVA_TEST_FOLDER": str(self.folder),
            "HVA_TEST_FAULTS": faults,
            "HVA_TEST_MUTANT": mutant,
            "HVA_TEST_GROUP_SUFFIX": group_suffix,
            "HVA_TEST_SESSION_MS": str(round(session * 1000)),
            "HVA_TEST_IDLE_S": "" if idle is None else str(round(idle)),
            "HVA_MAX_RECORDS": str(batch or (10 if service == "segments" else 40)),
        }
        return await self.product.start(service, environment, ready, module="tests.fault.faulty")

    async def send_ingested(self, workload: Workload) -> None:
        """Send the canonical records of a workload. A real ingest makes them the first time; then they are reused."""
        prefix = self.product.topic_prefix
        if records := _canonical_records.get(workload.lines):
            producer = make_producer(self.product.kafka, "test-again")
            await producer.start()
            await publish(producer, [record._replace(topic=prefix + record.topic) for record in records])
            await producer.stop()
            self.expects_dead_letters = False
            return
        ingest = await self.start("ingest", batch=1000)
        await self.product.load(workload.lines)
        await self.wait_until_current("ingest")
        ingest.signal(signal.SIGTERM)
        await ingest.ended()
        _canonical_records[workload.lines] = await self.records(FEEDBACK, CONTACT, CARE, PERSON)

    async def records(self, *wanted: Topic) -> list[Outgoing]:
        """All records of topics, without the prefix of this test in the topic names."""
        return await topics.read_records(self.product.kafka, self.product.topic_prefix, wanted)

    async def wait_until_current(self, service: str, group_suffix: str = "") -> None:
        """Wait until a service has committed all offsets and has finished its background work.

        If `segments` was started, it must be current first, and its readers must have received all histories.
        """
        reads_histories = "segments" in self.families and service in SEGMENT.readers
        if reads_histories:
            await self.wait_until_current("segments")
        await self.wait_until_committed(service, group_suffix)
        if reads_histories:
            await wait_until(partial(self._histories_received, service), f"{service} has received the histories")
        if service == "segments":
            await wait_until(self._histories_published, "segments has published its histories")
        if service == "fcr":
            await wait_until(self._cells_current, "fcr has counted its stored cells")

    async def wait_until_committed(self, service: str, group_suffix: str = "") -> None:
        """Wait until the groups of a service have committed all offsets of its topics."""
        prefix = self.product.topic_prefix
        async with topics.unread_counter(self.product.kafka, prefix, service, group_suffix) as unread_count:

            async def all_committed() -> bool:
                return await unread_count() == 0

            await wait_until(all_committed, f"{service}{group_suffix} has committed everything")

    async def _histories_published(self) -> bool:
        return not await self.product.fetch("select 1 from segments.history where pending")

    async def _histories_received(self, service: str) -> bool:
        """Whether a family has the current version of every history."""
        missing = await self.product.fetch(
            f"select 1 from segments.history sent where not exists (select from {service}.membership received "
            "where (received.county, received.client, received.version) = (sent.county, sent.client, sent.version))"
        )
        return not missing

    async def _cells_current(self) -> bool:
        return not await self.product.fetch("select 1 from fcr.stale where computed_number < change_number")

    async def wait_for_mark(self, mark: str, replica: Replica) -> list[Position]:
        """Wait until a fault has happened in a replica (`held-in_transaction`). Returns the batch of that moment."""
        path = self.folder / f"{mark}-{replica.pid}.json"

        def marked() -> bool:
            return path.exists() or replica.process.returncode not in (None, -9)

        await wait_until(marked, f"{mark} of {replica.service}: {replica.log.read_text()[-1000:]}")
        return [(topic, partition, offset) for topic, partition, offset in json.loads(path.read_text())]

    def release(self, replica: Replica) -> None:
        """Let a held replica continue."""
        (self.folder / f"release-{replica.pid}").touch()

    def set_clock_ahead(self, seconds: float) -> None:
        """Set the clock of ingest ahead."""
        staged = self.folder / "ahead.new"
        staged.write_text(str(seconds))
        staged.rename(self.folder / "ahead")

    def fix_handlers(self) -> None:
        """Let the handlers process facts with BUG_ID from now on."""
        (self.folder / "fixed").touch()

    def delivered(self, replica: Replica) -> list[Position]:
        """Every record that was delivered to a replica, in order, with redeliveries."""
        return [tuple(position) for batch in self.trace(replica, "batches") for position in batch]

    def trace(self, replica: Replica, name: str) -> list[Any]:
        """The rows of one of the traces of a replica, in order."""
        path = self.folder / f"{name}-{replica.pid}"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def families(self) -> list[str]:
        """The families under test: those with a replica that was started."""
        started = {replica.service for replica in self.product.replicas}
        return [family for family in FAMILIES if family in started]

    async def figures(self) -> Rows:
        """The current rows of all views of the families under test."""
        views, as_of = [view for family in self.families for view in FAMILIES[family]], AS_OF.isoformat()
        reading = (self.product.fetch(f"select * from figures.{view}", as_of=as_of) for view in views)
        return dict(zip(views, await asyncio.gather(*reading), strict=True))

    async def differences(self, workload: Workload) -> list[str]:
        """Differences from the recomputation: cells, each with the name of its view first, and dead letters."""
        found, expected_rows = [], workload.figures if "segments" in self.families else workload.unlabelled
        for view, rows in (await self.figures()).items():
            found += [f"{view} {line}" for line in oracle.differences(expected_rows[view], rows, oracle.KEYS[view])]
        dead_letters = await self.dead_letters()
        expected = workload.rejected if self.expects_dead_letters else Counter()
        if dead_letters != expected:
            found.append(f"dead letters: expected {expected}, got {dead_letters}")
        for family in self.families:
            rows = await self.product.fetch(f"select reason from {family}.dead_letter")
            found += [f"{family} dead letter: {row}" for row in rows]
        return found

    async def dead_letters(self) -> Counter[str]:
        """Open dead letters of ingest by reason. Their position is unique, so a record has at most one."""
        rows = await self.product.fetch("select reason from ingest.dead_letter where state = 'open'")
        return Counter(row["reason"] for row in rows)

    async def metric(self, replica: Replica, name: str, labels: Mapping[str, str] | None = None) -> float:
        """Sum of the samples of a metric that have these labels."""
        _, text = await replica.probe("/metrics")
        wanted = [f'{label}="{value}"' for label, value in (labels or {}).items()]
        samples = [line for line in str(text).splitlines() if line.partition("{")[0].partition(" ")[0] == name]
        return sum(float(line.rpartition(" ")[2]) for line in samples if all(part in line for part in wanted))

    async def command(self, *arguments: str) -> str:
        """Run a verb of `hva` in a process of its own. Returns its output."""
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
        output, _ = await asyncio.wait_for(process.communicate(), DEADLINE_S)
        assert process.returncode == 0, output.decode()
        return output.decode()


async def start_together(*starts: Any) -> list[Replica]:
    """Start replicas concurrently."""
    return list(await asyncio.gather(*starts))


def families_of(differences: Iterable[str]) -> set[str]:
    """The families whose views differ."""
    views = {line.partition(" ")[0] for line in differences}
    return {family for family, keys in FAMILIES.items() if views & keys.keys()}
