"""The minimum cost: poll, parse and check, one upsert per table and batch, commit. No framework, figures, neighbours,
lock, dead letters or retries. It writes the product's fact tables with the product's decoding.

Run as `python -m tests.bench.peers.bare <family> <kafka> <dsn> <topic> <group>`.
"""

import asyncio
import signal
import sys
from collections.abc import Iterable
from itertools import chain
from typing import Any

import asyncpg
import orjson
import uvloop
from aiokafka import AIOKafkaConsumer, ConsumerRecord

from shared.dead_letters import Rejected
from shared.postgres.arrays import use_fast_arrays
from shared.postgres.facts import FactTable
from shared.registers import Registers, load_folder
from tests.bench.family import FAMILIES, Family, columns
from tests.bench.workload import registers_folder

BATCH = 2500  # the product's default


def _statement(table: FactTable[Any]) -> str:
    written = columns(table)
    names = ", ".join(("county", *written))
    arrays = ", ".join(f"${i}::{kind}[]" for i, kind in enumerate(("text", *written.values()), 1))
    sets = ", ".join(f"{name} = excluded.{name}" for name in written)
    return (
        f"insert into {table.name} as fact ({names}) select * from unnest({arrays}) "
        f"on conflict (county, id) do update set {sets} where fact.rank < excluded.rank"
    )


def _column(facts: Iterable[Any], name: str, kind: str) -> list[Any]:
    if kind == "jsonb":
        return [None if (value := getattr(f, name)) is None else orjson.dumps(value).decode() for f in facts]
    return [getattr(fact, name) for fact in facts]


async def store(
    connection: "asyncpg.Connection[asyncpg.Record]",
    family: Family,
    statements: list[tuple[FactTable[Any], str]],
    records: Iterable[ConsumerRecord],
    registers: Registers,
) -> None:
    """Store a batch in one transaction."""
    best: dict[tuple[type, str, str], Any] = {}
    for record in records:
        fact = family.decode(record, registers)
        if not isinstance(fact, Rejected):
            key = (type(fact), fact.county, fact.id)
            if key not in best or best[key].rank < fact.rank:
                best[key] = fact
    async with connection.transaction():
        for table, statement in statements:
            facts = [fact for fact in best.values() if type(fact) is table.fact]
            if facts:
                written = {"county": "text", **columns(table)}
                await connection.execute(statement, *(_column(facts, *column) for column in written.items()))


async def main(family: str, kafka: str, dsn: str, topic: str, group: str) -> None:
    """Consume until SIGTERM."""
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    registers, of = load_folder(registers_folder()), FAMILIES[family]
    statements = [(table, _statement(table)) for table in of.tables]
    connection = await asyncpg.connect(dsn, server_settings={"jit": "off"})
    await use_fast_arrays(connection)
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=kafka,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_bytes=8 * 1024 * 1024,
    )
    await consumer.start()
    while not stopping.is_set():
        batches = await consumer.getmany(timeout_ms=20, max_records=BATCH)
        if batches:
            await store(connection, of, statements, chain.from_iterable(batches.values()), registers)
            await consumer.commit()
    await consumer.stop()
    await connection.close()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
