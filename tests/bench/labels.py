"""How fast stored facts are relabelled when many membership histories change at the same time."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient

from shared.contracts.catalogue import SEGMENT
from shared.contracts.segment import encode_history
from shared.edge.produce import Outgoing
from shared.labels import MEMBER, OTHER
from tests.bench.family import FCR, NPS, Family
from tests.bench.history import apply_events, grow
from tests.bench.measure import committed
from tests.bench.sizes import Sizes
from tests.bench.stage import Database, Running, Stage, group_of
from tests.bench.workload import Event, salted

CLIENT_OF: Final[Mapping[str, Mapping[str, str]]] = {
    NPS.name: {"nps.invitation": "own_client", "nps.response": "client", "nps.feedback": "own_client"},
    FCR.name: {"fcr.contact": "own_client"},
}
"""Family to its fact tables with a segment, each with the column of the client whose membership decides it."""
_STORED_FACTOR: Final = 5  # stored facts per relabelled fact
_POLL_S: Final = 0.02
_TIMEOUT_S: Final = 600.0
_PROBE_CLIENT: Final = ("oma-hame", "bench.aaaaaaaaaaaaaaaaaaaaaa")
"""The client whose history shows that the service has started to read histories."""


@dataclass(frozen=True, slots=True)
class Relabelled:
    """`seconds` is the time from the first history sent until the last relabelling batch, buckets included, commits."""

    facts: int
    histories: int
    seconds: float

    @property
    def rate(self) -> float:
        """Facts a second."""
        return self.facts / self.seconds


async def relabelling(
    stage: Stage, family: Family, events: list[Event], sizes: Sizes, report: Callable[[str], None]
) -> Relabelled:
    """Publish histories that make some clients members for all time, among clients without a history."""
    database, prefix = await stage.database(), f"labels-{family.name}."
    await apply_events(stage, family, database, salted(events, prefix), prefix)
    await grow(stage, family, database, _STORED_FACTOR * sizes.labels, scattered=True)
    clients = await _clients(database, family, sizes.labels)
    before = await _count_labelled(database, family, MEMBER)
    running = await stage.service(family.name, database, prefix)
    try:
        group = group_of(family.name, SEGMENT, prefix)
        await _publish_histories(stage, running, prefix, group, [_PROBE_CLIENT])
        seconds = await _publish_histories(stage, running, prefix, group, clients)
    finally:
        await running.stop()
    found = Relabelled(await _count_labelled(database, family, MEMBER) - before, len(clients), seconds)
    if found.facts < sizes.labels:
        raise RuntimeError(f"{found.facts} facts of {sizes.labels} were relabelled")
    await stage.drop(database)
    report(f"{family.name}: {found.facts} facts relabelled, {found.rate:.0f} facts/s")
    return found


async def _clients(database: Database, family: Family, facts: int) -> list[tuple[str, str]]:
    """County and pseudonym of enough clients to have that many facts in total."""
    facts_of_clients = " union all ".join(
        f"select county, {client} as client from {table} where segment = '{OTHER}' and {client} is not null"
        for table, client in CLIENT_OF[family.name].items()
    )
    query = f"""
        select county, client from (
          select county, client, sum(count(*)) over (order by hashtext(client), client) - count(*) as before
          from ({facts_of_clients}) fact group by county, client) ranked
        where before < $1"""
    connection = await asyncpg.connect(database.dsn())
    try:
        return [(row["county"], row["client"]) for row in await connection.fetch(query, facts)]
    finally:
        await connection.close()


async def _count_labelled(database: Database, family: Family, segment: str) -> int:
    connection = await asyncpg.connect(database.dsn())
    try:
        counts = [
            await connection.fetchval(f"select count(*) from {table} where segment = $1", segment)
            for table in CLIENT_OF[family.name]
        ]
    finally:
        await connection.close()
    return sum(counts)


async def _publish_histories(
    stage: Stage, running: Running, prefix: str, group: str, clients: list[tuple[str, str]]
) -> float:
    """Publish the histories of these clients; returns the seconds until the group has committed them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stage.kafka)
    await admin.start()
    try:
        goal = await committed(admin, [group]) + len(clients)
        records = [
            Outgoing(prefix + SEGMENT.name, client.encode(), encode_history(county, client, 1, [(date.min, None)]))
            for county, client in clients
        ]
        started = time.perf_counter()
        await stage.publish(records)
        while await committed(admin, [group]) < goal:
            if running.process.returncode is not None or time.perf_counter() - started > _TIMEOUT_S:
                raise RuntimeError(f"not relabelled: {running.log.read_text()[-2000:]}")
            await asyncio.sleep(_POLL_S)
        return time.perf_counter() - started
    finally:
        await admin.close()
