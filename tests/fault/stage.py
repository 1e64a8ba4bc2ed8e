"""The product with faults, and what every fault test asks of it afterwards."""

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
from tests.deadlines import PATIENCE_S
from tests.fault import topics
from tests.fault.log import AS_OF, Log, Rows
from tests.product import ROOT, Product
from tests.replica import Replica, until

NIGHTLY = int(os.environ.get("HVA_FAULT_ROUNDS", "1"))
"""How many times the usual number of faults; a quiet night can afford 20."""
FAMILIES: Final = {"nps": oracle.NPS_KEYS, "fcr": oracle.FCR_KEYS, "segments": oracle.SEGMENT_KEYS}
"""Family service -> its views."""
SERVICES: Final = ("ingest", *FAMILIES)

Place = topics.Place


_ingested: dict[tuple[bytes, ...], list[Outgoing]] = {}


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
        batch: int | None = None,
        session: float = 1.5,
        idle: float | None = PATIENCE_S,
    ) -> Replica:
        """Start a replica with faults (`kill@committed#2`) or a mutant, or as an owner of all records.

        `session`: seconds after which the group misses it when it was killed, or does not get to run for so long: a
        busy machine may hand its records to another one. `idle`: seconds after which PostgreSQL ends a transaction
        that idles; None: as in the product. Batches of segments are small by default, since there are fewer care
        events in a log.
        """
        environment = {
            "HVA_TEST_FOLDER": str(self.folder),
            "HVA_TEST_FAULTS": faults,
            "HVA_TEST_MUTANT": mutant,
            "HVA_TEST_OWNER": owner,
            "HVA_TEST_SESSION_MS": str(round(session * 1000)),
            "HVA_TEST_IDLE_S": "" if idle is None else str(round(idle)),
            "HVA_MAX_RECORDS": str(batch or (10 if service == "segments" else 40)),
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
        await self.is_current("ingest")
        ingest.signal(signal.SIGTERM)
        await ingest.ended()
        _ingested[log.lines] = await self.records(FEEDBACK, CONTACT, CARE, PERSON)

    async def records(self, *wanted: Topic) -> list[Outgoing]:
        """Everything that stands on topics, without this run's prefix in their names."""
        return await topics.records(self.product.kafka, self.product.topic_prefix, wanted)

    async def is_current(self, service: str, owner: str = "") -> None:
        """Wait until a service (or one owner of it) has committed all offsets, and counted what does not add up.

        Where `segments` is started, it has told its histories before, and the others have heard them.
        """
        listens = "segments" in self.families and service in SEGMENT.readers
        if listens:
            await self.is_current("segments")
        await self.committed(service, owner)
        if listens:
            await until(partial(self.heard_histories, service), f"{service} has heard the histories")
        if service == "segments":
            await until(self.told_histories, "segments has told its histories")
        if service == "fcr":
            await until(self.counted, "fcr has counted its clients")

    async def committed(self, service: str, owner: str = "") -> None:
        """Wait until a service (or one owner of it) has committed all offsets of its topics."""
        async with topics.left(self.product.kafka, self.product.topic_prefix, service, owner) as left:

            async def nothing_left() -> bool:
                return await left() == 0

            await until(nothing_left, f"{service}{owner} has committed everything")

    async def told_histories(self) -> bool:
        """Whether the segment stream has every history."""
        return not await self.product.fetch("select 1 from segments.history where pending")

    async def heard_histories(self, service: str) -> bool:
        """Whether a family knows every history that was told."""
        unheard = await self.product.fetch(
            f"select 1 from segments.history told where not exists (select from {service}.membership heard "
            "where (heard.county, heard.client, heard.version) = (told.county, told.client, told.version))"
        )
        return not unheard

    async def counted(self) -> bool:
        """Whether the stored cells hold every change."""
        return not await self.product.fetch("select 1 from fcr.stale where computed_number < change_number")

    async def mark(self, what: str, replica: Replica) -> list[Place]:
        """Wait until a fault has struck a replica (`held-in_transaction`); returns the batch it struck."""
        path = self.folder / f"{what}-{replica.pid}.json"

        def struck() -> bool:
            return path.exists() or replica.process.returncode not in (None, -9)

        await until(struck, f"{what} of {replica.service}: {replica.log.read_text()[-1000:]}")
        return [(topic, partition, offset) for topic, partition, offset in json.loads(path.read_text())]

    def release(self, replica: Replica) -> None:
        """Let a replica go on that is held."""
        (self.folder / f"release-{replica.pid}").touch()

    def move_clock(self, seconds: float) -> None:
        """Let the clock of ingest be ahead by so much from now on."""
        staged = self.folder / "ahead.new"
        staged.write_text(str(seconds))
        staged.rename(self.folder / "ahead")

    def fix(self) -> None:
        """Let the handlers stand every fact from now on."""
        (self.folder / "fixed").touch()

    def handled(self, replica: Replica) -> list[Place]:
        """Every record that was handed to a replica, in order, as often as it was."""
        return [tuple(place) for batch in self.told(replica, "trace") for place in batch]

    def told(self, replica: Replica, what: str) -> list[Any]:
        """What the faults of a replica wrote down of its work, in order."""
        lines = self.folder / f"{what}-{replica.pid}"
        return [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []

    @property
    def families(self) -> list[str]:
        """The families under test: those of which a replica was ever started."""
        started = {replica.service for replica in self.product.replicas}
        return [family for family in FAMILIES if family in started]

    async def figures(self) -> Rows:
        """All views of the families under test as they are now."""
        wanted, as_of = [view for family in self.families for view in FAMILIES[family]], AS_OF.isoformat()
        reading = (self.product.fetch(f"select * from figures.{view}", as_of=as_of) for view in wanted)
        return dict(zip(wanted, await asyncio.gather(*reading), strict=True))

    async def wrong(self, log: Log) -> list[str]:
        """What differs from the recomputation: cells of views, each after its view, and dead letters by reason."""
        wrong, expected_rows = [], log.figures if "segments" in self.families else log.unlabelled
        for view, rows in (await self.figures()).items():
            wrong += [f"{view} {line}" for line in oracle.differences(expected_rows[view], rows, oracle.KEYS[view])]
        dead_letters, expected = await self.dead_letters(), log.rejected if self.expects_letters else Counter()
        if dead_letters != expected:
            wrong.append(f"letters: expected {expected}, got {dead_letters}")
        for family in self.families:
            rows = await self.product.fetch(f"select reason from {family}.dead_letter")
            wrong += [f"{family} letter: {row}" for row in rows]
        return wrong

    async def dead_letters(self) -> Counter[str]:
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
        output, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)
        assert process.returncode == 0, output.decode()
        return output.decode()


async def both(*starts: Any) -> list[Replica]:
    """Start replicas at once."""
    return list(await asyncio.gather(*starts))


def told_by(wrong: Iterable[str]) -> set[str]:
    """The families whose views say that something is wrong."""
    views = {line.partition(" ")[0] for line in wrong}
    return {family for family, keys in FAMILIES.items() if views & keys.keys()}
