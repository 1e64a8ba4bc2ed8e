"""How fast stored facts come under another segment when many histories of membership change at once."""

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
from tests.bench.history import grow, pour
from tests.bench.measure import committed
from tests.bench.sizes import Sizes
from tests.bench.stage import Database, Running, Stage, group_of
from tests.bench.workload import Event, salted

CLIENT_OF: Final[Mapping[str, Mapping[str, str]]] = {
    NPS.name: {"nps.invitation": "own_client", "nps.response": "client", "nps.feedback": "own_client"},
    FCR.name: {"fcr.contact": "own_client"},
}
"""Family to its tables of facts that have a segment, with the column of the client whose membership that is."""
_AMONG: Final = 5  # as many facts as get another label, and so often more, are stored
_LOOK_S: Final = 0.02
_PATIENCE_S: Final = 600.0
_NOBODY: Final = ("oma-hame", "bench.aaaaaaaaaaaaaaaaaaaaaa")
"""Whose history says when the service is there to read histories."""


@dataclass(frozen=True, slots=True)
class Relabelled:
    """From the first history sent until the last batch that relabels is committed, the buckets with it."""

    facts: int
    histories: int
    seconds: float

    @property
    def rate(self) -> float:
        """Facts a second."""
        return self.facts / self.seconds


async def relabelling(
    stage: Stage, family: Family, events: list[Event], sizes: Sizes, say: Callable[[str], None]
) -> Relabelled:
    """Clients who never were members are told to have been from ever on, among clients of whom nothing is told."""
    database, prefix = await stage.database(), f"labels-{family.name}."
    await pour(stage, family, database, salted(events, prefix), prefix)
    await grow(stage, family, database, _AMONG * sizes.labels, scattered=True)
    clients = await _clients(database, family, sizes.labels)
    before = await _under(database, family, MEMBER)
    running = await stage.service(family.name, database, prefix)
    try:
        group = group_of(family.name, SEGMENT, prefix)
        await _tell(stage, running, prefix, group, [_NOBODY])
        seconds = await _tell(stage, running, prefix, group, clients)
    finally:
        await running.stop()
    found = Relabelled(await _under(database, family, MEMBER) - before, len(clients), seconds)
    if found.facts < sizes.labels:
        raise RuntimeError(f"{found.facts} facts of {sizes.labels} were relabelled")
    await stage.drop(database)
    say(f"{family.name}: {found.facts} facts relabelled, {found.rate:.0f} facts/s")
    return found


async def _clients(database: Database, family: Family, facts: int) -> list[tuple[str, str]]:
    """County and pseudonym of as many clients as have so many facts together."""
    every = " union all ".join(
        f"select county, {client} as client from {table} where segment = '{OTHER}' and {client} is not null"
        for table, client in CLIENT_OF[family.name].items()
    )
    query = f"""
        select county, client from (
          select county, client, sum(count(*)) over (order by hashtext(client), client) - count(*) as before
          from ({every}) fact group by county, client) told
        where before < $1"""
    connection = await asyncpg.connect(database.dsn())
    try:
        return [(row["county"], row["client"]) for row in await connection.fetch(query, facts)]
    finally:
        await connection.close()


async def _under(database: Database, family: Family, segment: str) -> int:
    connection = await asyncpg.connect(database.dsn())
    try:
        counts = [
            await connection.fetchval(f"select count(*) from {table} where segment = $1", segment)
            for table in CLIENT_OF[family.name]
        ]
    finally:
        await connection.close()
    return sum(counts)


async def _tell(stage: Stage, running: Running, prefix: str, group: str, clients: list[tuple[str, str]]) -> float:
    """Seconds until the group has committed the histories of these clients."""
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
            if running.process.returncode is not None or time.perf_counter() - started > _PATIENCE_S:
                raise RuntimeError(f"not relabelled: {running.log.read_text()[-2000:]}")
            await asyncio.sleep(_LOOK_S)
        return time.perf_counter() - started
    finally:
        await admin.close()
