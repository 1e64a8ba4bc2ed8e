"""Replays of a running product: what the database lost comes back, what was erased stays gone, nothing comes twice."""

import asyncio
import re
import signal
from collections import defaultdict
from typing import Any

import asyncpg
import orjson

from deploy.hva.replay import ask
from shared.contracts.catalogue import SEGMENT, TOPICS, group_id
from tests.deadlines import PATIENCE_S
from tests.fault.events import BUG, answered, erased, merged, recorded, visited
from tests.fault.lives import life, someone
from tests.fault.log import judged
from tests.fault.stage import FAMILIES, Stage, both
from tests.fault.topics import groups
from tests.product import dsn_for
from tests.replica import Replica

ERASED = 3  # with flags and with sectors, alone and of another
KEPT = ("replay", "dead_letter")  # they tell here what happened


async def replayed(stage: Stage, *families: str, from_kafka: bool = False) -> list[dict[str, Any]]:
    """Replay families, as the verb does; returns what was found."""
    dsn = stage.product.database.dsn("hva_steward")
    return await asyncio.gather(*(ask(dsn, family, True, from_kafka, PATIENCE_S) for family in families))


async def retained(stage: Stage, family: str) -> int:
    """The records of a family."""
    return len(await stage.records(*(topic for topic in TOPICS if family in topic.readers)))


async def lose(stage: Stage) -> None:
    """As after the restore of a backup of the first day: all tables of the families are empty."""
    admin = await asyncpg.connect(dsn_for(stage.product.database.admin, stage.product.database.name))
    query = "select schemaname || '.' || tablename as name from pg_tables "
    query += "where schemaname = any($1) and tablename <> all($2)"
    try:
        tables = await admin.fetch(query, list(FAMILIES), KEPT)
        await admin.execute(f"truncate {', '.join(row['name'] for row in tables)}")
    finally:
        await admin.close()


async def versions(stage: Stage) -> dict[bytes | None, list[int]]:
    """Of every pseudonym on the segment stream, in their order there."""
    found = defaultdict[bytes | None, list[int]](list)
    for record in await stage.records(SEGMENT):
        found[record.key].append(orjson.loads(record.value)["version"])
    return found


async def dead_letters(stage: Stage) -> list[dict[str, Any]]:
    """Every letter of the families, with how often it was tried."""
    query = 'select topic, "partition", "offset", reason, state, attempts from {}.dead_letter'
    return [row for family in FAMILIES for row in await stage.product.fetch(query.format(family))]


async def wrong(stage: Stage, lines: list[bytes]) -> list[str]:
    """What differs from the recomputation, and facts of erased clients. Letters of families are looked at apart."""
    found = [line for line in await stage.wrong(judged(lines)) if " letter: " not in line]
    for table in ("nps.response", "nps.feedback", "fcr.contact", "segments.service_event", "segments.flag"):
        gone = f"select id from {table} fact join {table.partition('.')[0]}.erased gone on gone.client = own_client"
        found += [f"{table} {row}" for row in await stage.product.fetch(gone)]
    return found


async def stop(replicas: list[Replica]) -> None:
    for replica in replicas:
        replica.signal(signal.SIGTERM)
    assert [await replica.ended() for replica in replicas] == [0] * len(replicas)


async def test_what_the_database_lost_comes_back(stage: Stage) -> None:
    """Erase, replay, lose everything, and read it again with a crash on the way, while more is loaded."""
    erasures = [erased(f"x{n}", someone(n)) for n in range(ERASED)]
    first = [*(line for n in range(8) for line in life(n)), merged("m", someone(1), someone(5)), *erasures]
    later = [line for n in range(8, 10) for line in life(n)]
    unable = [make(f"{BUG}-1") for make in (answered, recorded, visited)]
    _, *replicas = await both(stage.start("ingest"), *(stage.start(family, batch=40) for family in FAMILIES))
    await stage.product.load([*first, *unable])
    await stage.product.wait()
    rejected, told = await dead_letters(stage), await versions(stage)
    assert [row["reason"] for row in rejected] == ["handler_bug"] * len(FAMILIES)

    assert [found["records"] for found in await replayed(stage, *FAMILIES)] == [None] * len(FAMILIES)
    await stage.product.wait()
    assert await wrong(stage, first) == []
    assert await versions(stage) == {client: [*its, its[-1]] for client, its in told.items()}, "told again, unchanged"

    there = [await retained(stage, family) for family in FAMILIES]
    await stop(replicas)
    await lose(stage)
    asked = asyncio.create_task(replayed(stage, "fcr", "segments", from_kafka=True))
    typed = asyncio.create_task(stage.command("replay", "nps", "--from-kafka"))
    for dying in await both(*(stage.start(family, "kill@committed#2", ready=False) for family in FAMILIES)):
        await stage.mark("killed-committed", dying)
    begun = "select started_at, ended_at, records from nps.replay where from_kafka"
    (row,) = await stage.product.fetch(begun)
    assert row["started_at"] and (row["ended_at"], row["records"]) == (None, None), "a crash says nothing of its end"
    await both(*(stage.start(family, batch=40, ready=False) for family in FAMILIES))
    await stage.product.load(later)
    fcr, segments = await asked
    said = re.fullmatch(r"nps: (\d+) records of Kafka read again, of .*\n", await typed)
    await stage.product.wait()

    assert await wrong(stage, [*first, *later]) == []
    assert await dead_letters(stage) == rejected, "none is doubled, none was tried again"
    assert all(its == sorted(its) for its in (await versions(stage)).values()), "versions never fall"
    assert said is not None
    read = (int(said[1]), fcr["records"], segments["records"])
    assert all(before <= now for before, now in zip(there, read, strict=True))
    prefix = stage.product.topic_prefix
    its = {prefix + group_id(service, topic) for topic in TOPICS for service in topic.readers}
    assert await groups(stage.product.kafka, prefix) == its, "it was read without a group"
