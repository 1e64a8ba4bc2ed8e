"""Simulated events in the stores of all families without Kafka: ingest's validation and the services' own handlers, in
this process. The figures are those that the services would have, because they do not depend on the order of events."""

import itertools
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import orjson
from prometheus_client import CollectorRegistry

from deploy.simulate import Options, stream
from services.fcr.app import HANDLERS as FCR_HANDLERS
from services.fcr.cells import Cells
from services.ingest.context import Contexts
from services.ingest.validate import Accepted, Context, validate
from services.nps.app import HANDLERS as NPS_HANDLERS
from services.segments.app import HANDLERS as SEGMENTS_HANDLERS
from shared.batch import BatchRunner
from shared.contracts.catalogue import SEGMENT, TOPICS, Topic
from shared.contracts.route import stream_of
from shared.contracts.segment import encode_history
from shared.dead_letters import DeadLetterCipher
from shared.edge.runtime import Runtime
from shared.edge.tasks import MakeRunner
from shared.failure import Failure, classify
from shared.health import Health
from shared.keys import Key
from shared.metrics import PipelineMetrics
from shared.postgres.lease import unshared
from shared.postgres.pool import close_pool, make_pool
from shared.postgres.registers import load
from shared.pseudonym import Keyring
from shared.record import PlainRecord
from shared.registers import Registers
from shared.settings import Settings
from tests.bench.stage import Database, Stage

_HANDLERS: Final[Mapping[str, Mapping[Topic, MakeRunner]]] = {
    "nps": NPS_HANDLERS,
    "fcr": FCR_HANDLERS,
    "segments": SEGMENTS_HANDLERS,
}
_TOPICS: Final = {topic.name: topic for topic in TOPICS}
_KEY: Final = Key("bench", b"benchmarks have nothing to hide.")
_CHUNK: Final = 50_000  # lines validated together
_BATCH: Final = 2_500  # records handled together
_DELIVERIES: Final = 10
_HISTORIES: Final = "select county, client, version, intervals from segments.history order by county, client"

Records = dict[Topic, list[PlainRecord]]


async def fold(
    stage: Stage, database: Database, registers: Registers, options: Options, report: Callable[[str], None]
) -> int:
    """Bring simulated events to the figures of all families. Returns the number of valid events."""
    await stage.execute(database, f"alter database {database.name} set synchronous_commit = off")
    contexts = Contexts(registers, Keyring((_KEY,)), lambda: as_of(options))
    async with _runtimes(database, registers) as runtimes:
        folded = 0
        for lines in _chunks(stream(options)):
            records = _accepted(lines, contexts.now())
            await _handle(runtimes, records)
            folded += sum(map(len, records.values()))
            report(f"{folded:,} events folded")
        await _label(runtimes)
        await Cells(runtimes["fcr"].pool, unshared, 1).refresh_now()
    await stage.execute(database, "vacuum analyze")
    return folded


def as_of(options: Options) -> datetime:
    """A day after the end of the simulation: nothing is in the future any more."""
    return datetime.combine(options.until, time(12), UTC) + timedelta(1)


def _chunks(lines: Iterable[bytes]) -> Iterable[list[bytes]]:
    remaining = iter(lines)
    while chunk := list(itertools.islice(remaining, _CHUNK)):
        yield chunk


def _accepted(lines: Iterable[bytes], context: Context) -> Records:
    """The canonical records of the valid lines by topic."""
    found: Records = defaultdict(list)
    for line in lines:
        verdict = validate(line, (), stream_of(line), context)
        if isinstance(verdict, Accepted):
            found[_TOPICS[verdict.topic]].append(_record(verdict.topic, verdict.key, verdict.value))
    return found


def _record(topic: str, key: bytes, value: bytes) -> PlainRecord:
    return PlainRecord(topic, 0, 0, 0, key, value)


async def _handle(runtimes: Mapping[str, Runtime], records: Records) -> None:
    """Let the families handle the records of their topics, one after another: while one computes, the transaction of
    another would be idle for too long."""
    for name, runtime in runtimes.items():
        for topic, make in _HANDLERS[name].items():
            waiting = records.get(topic, [])
            for start in range(0, len(waiting), _BATCH):
                await _deliver(make(runtime), waiting[start : start + _BATCH])


async def _deliver(runner: BatchRunner[Any], records: list[PlainRecord]) -> None:
    """Run a batch, again after a transient error, as Kafka delivers it again: a busy machine can stop this process for
    longer than PostgreSQL waits for an idle transaction."""
    for remaining in reversed(range(_DELIVERIES)):
        try:
            return await runner.run(records)
        except Exception as error:
            if not remaining or classify(error) is not Failure.TRANSIENT:
                raise


async def _label(runtimes: Mapping[str, Runtime]) -> None:
    """Bring the memberships to the other families, as the outbox of segments does."""
    rows = await runtimes["segments"].pool.fetch(_HISTORIES)
    for start in range(0, len(rows), _CHUNK):
        histories = [
            _record(SEGMENT.name, row["client"].encode(), _history(row)) for row in rows[start : start + _CHUNK]
        ]
        await _handle(runtimes, {SEGMENT: histories})


def _history(row: Any) -> bytes:
    return encode_history(row["county"], row["client"], row["version"], orjson.loads(row["intervals"]))


@asynccontextmanager
async def _runtimes(database: Database, registers: Registers) -> AsyncIterator[dict[str, Runtime]]:
    """The state of the services, without what only Kafka needs."""
    async with AsyncExitStack() as stack:
        found = {}
        for name in _HANDLERS:
            registry = CollectorRegistry()
            settings = Settings(name, "", database.dsn(f"hva_{name}"), Path(), Path())
            found[name] = runtime = Runtime(
                settings=settings,
                registers=registers,
                cipher=DeadLetterCipher((_KEY,)),
                pseudonym_keys=(),
                logger=logging.getLogger("bench"),
                registry=registry,
                metrics=PipelineMetrics(name, registry),
                health=Health(("postgres",)),
            )
            runtime.pool = await make_pool(settings.postgres, "bench-fold")
            stack.push_async_callback(close_pool, runtime.pool)
            async with runtime.pool.acquire() as connection:
                await load(connection, registers)
        yield found
