"""How soon a changed membership reaches another family's facts: from the call that sends a care event until the
client's response in nps has the new segment, through segments, its outbox and the segment stream.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import Final

import asyncpg
import orjson
from aiokafka import AIOKafkaProducer

from shared.contracts.catalogue import CARE, FEEDBACK
from shared.edge.produce import Outgoing, make_producer
from shared.labels import MEMBER, OTHER
from shared.registers import Registers
from tests.bench.family import NPS, SEGMENTS
from tests.bench.freshness import Arrivals, Freshness, freshness_of, poll, stop, wait_until_visible
from tests.bench.history import apply_events
from tests.bench.sizes import Sizes
from tests.bench.stage import Database, Running, Stage
from tests.bench.workload import Event, canonical, outgoing, salted

RATE: Final = 2  # changes a second
LOAD: Final = 20  # other events a second at the same time, from both streams
_PREFIX: Final = "following."
_TIMEOUT_S: Final = 60.0
_WARM_UP_CHANGES: Final = 3  # uncounted changes while services start and connections open
# The first response of each client who is not a member.
_CANDIDATES: Final = """
select distinct on (r.client) r.county, r.client, r.id from nps.response r
where r.segment = $1 and r.client is not null and not exists (
  select from segments.membership m join segments.client c using (county, person)
  where c.county = r.county and c.client = r.client)
order by r.client, r.id limit $2
"""
_READ: Final = f"""
select id from unnest($1::text[]) wanted(id)
where exists (select from nps.response f where f.county = any($2) and f.id = wanted.id and f.segment = '{MEMBER}')
"""


async def following(
    stage: Stage, care: list[Event], registers: Registers, sizes: Sizes, report: Callable[[str], None]
) -> Freshness:
    """Send changes one by one, on a database that holds a log of both families."""
    database = await stage.database()
    care = care[: sizes.slice_events]
    feedback = canonical(sizes.slice_events, registers, NPS.stream)
    for family, events in ((NPS, feedback), (SEGMENTS, care)):
        await apply_events(stage, family, database, salted(events, "there."), _PREFIX)
    others = _others(salted(feedback, "other."), salted(care, "other."))
    services = [await stage.service(family.name, database, _PREFIX) for family in (NPS, SEGMENTS)]
    producer = make_producer(stage.kafka, "bench-following")
    await producer.start()
    try:
        found = await _changes(producer, database, services, others, sizes.changes)
    finally:
        await producer.stop()
        await stop(services)
    await stage.drop(database)
    report(f"change of membership to label in nps: p50 {found.p50:.0f} ms, p99 {found.p99:.0f} ms")
    return found


def _others(feedback: list[Event], care: list[Event]) -> Iterator[Outgoing]:
    """An endless stream of events, alternating between both streams."""
    turns = zip(outgoing(feedback, FEEDBACK, _PREFIX), outgoing(care, CARE, _PREFIX), strict=False)
    return cycle([record for turn in turns for record in turn])


async def _changes(
    producer: AIOKafkaProducer, database: Database, services: Sequence[Running], others: Iterator[Outgoing], n: int
) -> Freshness:
    changes = await _candidates(database, _WARM_UP_CHANGES + n)
    arrivals = Arrivals()
    polling = asyncio.create_task(poll(database, _READ, arrivals))
    try:
        for id, record in changes[:_WARM_UP_CHANGES]:
            arrivals.add(id)
            await _send(producer, record)
        await wait_until_visible(arrivals, services, _TIMEOUT_S)
        arrivals.visible.clear()
        started, every = time.perf_counter(), LOAD // RATE
        for number in range(n * every):
            await asyncio.sleep(max(0.0, started + number / LOAD - time.perf_counter()))
            await _send(producer, next(others))
            if number % every == 0:
                id, record = changes[_WARM_UP_CHANGES + number // every]
                arrivals.add(id)
                await _send(producer, record)
        await wait_until_visible(arrivals, services, _TIMEOUT_S)
    finally:
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
    return freshness_of(one.latency for one in arrivals.visible)


async def _candidates(database: Database, n: int) -> list[tuple[str, Outgoing]]:
    """Responses, each with the record that makes its client a member. Raises RuntimeError if there are too few."""
    connection = await asyncpg.connect(database.dsn())
    try:
        rows = await connection.fetch(_CANDIDATES, OTHER, n)
    finally:
        await connection.close()
    if len(rows) < n:
        raise RuntimeError(f"only {len(rows)} responses of clients who are not members")
    return [(row["id"], flag(row["county"], row["client"], f"following-{i}")) for i, row in enumerate(rows)]


def flag(county: str, client: str, id: str) -> Outgoing:
    """The canonical record of a common-client flag that is valid from 2000 on."""
    value = {
        "specversion": "1.0",
        "id": id,
        "source": f"urn:hva:{county}:bench",
        "type": "fi.hva.care.common-client.v1",
        "time": "2026-06-30T00:00:00.000000Z",
        "digest": "0" * 64,
        "county": county,
        "data": {"revision": 1, "flag_id": id, "valid_from": "2000-01-01", "client": client},
    }
    return Outgoing(_PREFIX + CARE.name, client.encode(), orjson.dumps(value))


async def _send(producer: AIOKafkaProducer, record: Outgoing) -> None:
    await producer.send(record.topic, value=record.value, key=record.key)
