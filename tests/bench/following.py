"""How soon a change of membership is in the figures of another family: from the call that sends a care event until the
answer of its client stands in nps under the other segment, by way of segments, its outbox and the segment stream.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
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
from tests.bench.freshness import Freshness, all_seen, freshness_of, look, stop
from tests.bench.history import pour
from tests.bench.sizes import Sizes
from tests.bench.stage import Database, Stage
from tests.bench.workload import Event, canonical, outgoing, salted

RATE: Final = 2  # changes a second
LOAD: Final = 20  # other events a second meanwhile, of both streams
_PREFIX: Final = "following."
_PATIENCE_S: Final = 60.0
_WARM: Final = 3  # changes that do not count: services start, connections open
# Answers of clients who are no members, each the first of its client.
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
    stage: Stage, care: list[Event], registers: Registers, sizes: Sizes, say: Callable[[str], None]
) -> Freshness:
    """One change after the other, on a database that holds a log of both families."""
    database = await stage.database()
    care = care[: sizes.slice_events]
    feedback = canonical(sizes.slice_events, registers, NPS.stream)
    for family, events in ((NPS, feedback), (SEGMENTS, care)):
        await pour(stage, family, database, salted(events, "there."), _PREFIX)
    others = _others(salted(feedback, "other."), salted(care, "other."))
    services = [await stage.service(family.name, database, _PREFIX) for family in (NPS, SEGMENTS)]
    producer = make_producer(stage.kafka, "bench-following")
    await producer.start()
    try:
        found = await _changes(producer, database, others, sizes.changes)
    finally:
        await producer.stop()
        await stop(services)
    await stage.drop(database)
    say(f"change of membership to label in nps: p50 {found.p50:.0f} ms, p99 {found.p99:.0f} ms")
    return found


def _others(feedback: list[Event], care: list[Event]) -> Iterator[Outgoing]:
    """Events of both streams in turns, without end."""
    turns = zip(outgoing(feedback, FEEDBACK, _PREFIX), outgoing(care, CARE, _PREFIX), strict=False)
    return cycle([record for turn in turns for record in turn])


async def _changes(producer: AIOKafkaProducer, database: Database, others: Iterator[Outgoing], n: int) -> Freshness:
    changes = await _candidates(database, _WARM + n)
    sent: dict[str, float] = {}
    seen: dict[str, float] = {}
    looking = asyncio.create_task(look(database, _READ, sent, seen))
    try:
        for id, record in changes[:_WARM]:
            sent[id] = time.perf_counter()
            await _send(producer, record)
        await all_seen(sent, seen, patience=_PATIENCE_S)
        sent.clear()
        started, every = time.perf_counter(), LOAD // RATE
        for number in range(n * every):
            await asyncio.sleep(max(0.0, started + number / LOAD - time.perf_counter()))
            await _send(producer, next(others))
            if number % every == 0:
                id, record = changes[_WARM + number // every]
                sent[id] = time.perf_counter()
                await _send(producer, record)
        await all_seen(sent, seen, patience=_PATIENCE_S)
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    return freshness_of(seen[id] - at for id, at in sent.items())


async def _candidates(database: Database, n: int) -> list[tuple[str, Outgoing]]:
    """Answers, each with the record that makes its client a member. Raises RuntimeError where there are too few."""
    connection = await asyncpg.connect(database.dsn())
    try:
        rows = await connection.fetch(_CANDIDATES, OTHER, n)
    finally:
        await connection.close()
    if len(rows) < n:
        raise RuntimeError(f"only {len(rows)} answers of clients who are no members")
    return [(row["id"], flag(row["county"], row["client"], f"following-{i}")) for i, row in enumerate(rows)]


def flag(county: str, client: str, id: str) -> Outgoing:
    """The canonical record of a common client's flag that holds on all days since 2000."""
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
