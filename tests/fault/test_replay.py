"""Replays of a running product: lost data comes back, erased facts stay erased, nothing is counted twice."""

import asyncio
import re
import signal
from collections import defaultdict
from typing import Any

import asyncpg
import orjson

from deploy.hva.replay import request_replay
from shared.contracts.catalogue import SEGMENT, TOPICS, group_id
from tests.deadlines import DEADLINE_S
from tests.fault.clients import client_id, events_of_client
from tests.fault.events import BUG_ID, client_erased, client_merged, contact_recorded, feedback_answered, service_event
from tests.fault.harness import FAMILIES, Harness, start_together
from tests.fault.topics import consumer_groups
from tests.fault.workload import workload_of
from tests.product import dsn_for
from tests.replica import Replica

ERASED = 3  # clients with a flag and with sectors, one of them merged with another client
KEPT = ("replay", "dead_letter")  # tables that the test reads afterwards


async def run_replay(harness: Harness, *families: str, from_kafka: bool = False) -> list[dict[str, Any]]:
    """Replay families as `hva replay` does. Returns the results."""
    dsn = harness.product.database.dsn("hva_steward")
    return await asyncio.gather(*(request_replay(dsn, family, True, from_kafka, DEADLINE_S) for family in families))


async def retained_count(harness: Harness, family: str) -> int:
    """The number of records on the topics of a family."""
    return len(await harness.records(*(topic for topic in TOPICS if family in topic.readers)))


async def empty_tables(harness: Harness) -> None:
    """Empty all tables of the families, as if a backup of the first day had been restored."""
    admin = await asyncpg.connect(dsn_for(harness.product.database.admin, harness.product.database.name))
    query = "select schemaname || '.' || tablename as name from pg_tables "
    query += "where schemaname = any($1) and tablename <> all($2)"
    try:
        tables = await admin.fetch(query, list(FAMILIES), KEPT)
        await admin.execute(f"truncate {', '.join(row['name'] for row in tables)}")
    finally:
        await admin.close()


async def published_versions(harness: Harness) -> dict[bytes | None, list[int]]:
    """Versions by pseudonym on the segment stream, in the order of the stream."""
    found = defaultdict[bytes | None, list[int]](list)
    for record in await harness.records(SEGMENT):
        found[record.key].append(orjson.loads(record.value)["version"])
    return found


async def dead_letters(harness: Harness) -> list[dict[str, Any]]:
    """All dead letters of the families, with their attempts."""
    query = 'select topic, "partition", "offset", reason, state, attempts from {}.dead_letter'
    return [row for family in FAMILIES for row in await harness.product.fetch(query.format(family))]


async def differences(harness: Harness, lines: list[bytes]) -> list[str]:
    """Differences from the recomputation without dead letters of families, and facts of erased clients."""
    found = [line for line in await harness.differences(workload_of(lines)) if " dead letter: " not in line]
    for table in ("nps.response", "nps.feedback", "fcr.contact", "segments.service_event", "segments.flag"):
        query = (
            f"select id from {table} fact join {table.partition('.')[0]}.erased erased on erased.client = own_client"
        )
        found += [f"{table} {row}" for row in await harness.product.fetch(query)]
    return found


async def stop(replicas: list[Replica]) -> None:
    for replica in replicas:
        replica.signal(signal.SIGTERM)
    assert [await replica.ended() for replica in replicas] == [0] * len(replicas)


async def test_replay_from_kafka_restores_an_empty_database(harness: Harness) -> None:
    """Erase clients, replay, empty the tables, and replay from Kafka with a crash and with new events meanwhile."""
    erasures = [client_erased(f"x{n}", client_id(n)) for n in range(ERASED)]
    first = [
        *(line for n in range(8) for line in events_of_client(n)),
        client_merged("m", client_id(1), client_id(5)),
        *erasures,
    ]
    later = [line for n in range(8, 10) for line in events_of_client(n)]
    failing = [make(f"{BUG_ID}-1") for make in (feedback_answered, contact_recorded, service_event)]
    _, *replicas = await start_together(
        harness.start("ingest"), *(harness.start(family, batch=40) for family in FAMILIES)
    )
    await harness.product.load([*first, *failing])
    await harness.product.wait()
    rejected, versions = await dead_letters(harness), await published_versions(harness)
    assert [row["reason"] for row in rejected] == ["handler_bug"] * len(FAMILIES)

    assert [found["records"] for found in await run_replay(harness, *FAMILIES)] == [None] * len(FAMILIES)
    await harness.product.wait()
    assert await differences(harness, first) == []
    again = {client: [*numbers, numbers[-1]] for client, numbers in versions.items()}
    assert await published_versions(harness) == again, "not every history was published again with its version"

    retained = [await retained_count(harness, family) for family in FAMILIES]
    await stop(replicas)
    await empty_tables(harness)
    replays = asyncio.create_task(run_replay(harness, "fcr", "segments", from_kafka=True))
    command = asyncio.create_task(harness.command("replay", "nps", "--from-kafka"))
    for killed in await start_together(
        *(harness.start(family, "kill@committed#2", ready=False) for family in FAMILIES)
    ):
        await harness.wait_for_mark("killed-committed", killed)
    query = "select started_at, ended_at, records from nps.replay where from_kafka"
    (row,) = await harness.product.fetch(query)
    assert row["started_at"] and (row["ended_at"], row["records"]) == (None, None), "a crash must not record an end"
    await start_together(*(harness.start(family, batch=40, ready=False) for family in FAMILIES))
    await harness.product.load(later)
    fcr, segments = await replays
    output = re.fullmatch(r"nps: (\d+) records of Kafka read again; .*\n", await command)
    await harness.product.wait()

    assert await differences(harness, [*first, *later]) == []
    assert await dead_letters(harness) == rejected, "a dead letter was duplicated or tried again"
    assert all(numbers == sorted(numbers) for numbers in (await published_versions(harness)).values()), "a version fell"
    assert output is not None
    read = (int(output[1]), fcr["records"], segments["records"])
    assert all(before <= now for before, now in zip(retained, read, strict=True))
    prefix = harness.product.topic_prefix
    expected = {prefix + group_id(service, topic) for topic in TOPICS for service in topic.readers}
    assert await consumer_groups(harness.product.kafka, prefix) == expected, "the replay used a group"
