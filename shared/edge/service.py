"""The life of a service: start, wait for its surroundings, consume, say how it is, stop in order.

A service stays up when Kafka or PostgreSQL is away and goes on by itself; it stops with one sentence only for
what no waiting mends: a wrong setting, key file or register.
"""

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import asyncpg
import uvloop
from aiokafka.errors import KafkaError
from faststream.kafka import KafkaBroker
from prometheus_client import CollectorRegistry

from shared.contracts.catalogue import Topic
from shared.edge import watch
from shared.edge.consume import BatchHandler, assert_safe, knock, make_broker, subscribe
from shared.failure import Failure, classify
from shared.health import Health, HealthServer
from shared.keys import Key, KeyFileError, read_keys
from shared.letters import Sealer
from shared.logs import set_up_logging
from shared.metrics import PipelineMetrics
from shared.postgres.pool import make_pool
from shared.registers import RegisterError, Registers, load_folder
from shared.registers.load import load
from shared.settings import Settings, SettingsError, read_settings

T = TypeVar("T")

_PAUSE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done again and again while the service runs; an error is logged and tried next time."""

    name: str
    every_s: float
    run: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a service consumes and does beside it."""

    subscriptions: Sequence[tuple[Topic, BatchHandler]]
    jobs: Sequence[Job] = ()
    close: Callable[[], Awaitable[None]] | None = None


@dataclass
class Runtime:
    """What a running service has; `registers` is replaced whole when the folder changes."""

    settings: Settings
    registers: Registers
    sealer: Sealer
    pseudonym_keys: tuple[Key, ...]  # of ingest alone
    logger: logging.Logger
    registry: CollectorRegistry
    metrics: PipelineMetrics
    health: Health
    pool: "asyncpg.Pool[asyncpg.Record]" = field(init=False)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    on_registers: list[Callable[[Registers], None]] = field(default_factory=list)
    exit_code: int = 0

    def give_up(self, sentence: str) -> None:
        """Stop for something that only a new process mends; whoever runs the service starts it again."""
        self.logger.error(sentence)
        self.exit_code = 1
        self.stopping.set()


Build = Callable[[Runtime], Awaitable[Wiring]]
"""Connects the rooms of a service; called when PostgreSQL answers, again while it raises that Kafka does not."""


def main(name: str, build: Build) -> None:
    """Run a service until SIGTERM or SIGINT; exits 1 with one sentence where it cannot start."""
    try:
        runtime = _prepare(name)
        server = _listen(runtime)
    except (SettingsError, KeyFileError, RegisterError) as error:
        sys.exit(f"{name} cannot start: {error}")
    _collect_seldom()
    uvloop.run(_run(runtime, server, build))
    sys.exit(runtime.exit_code)


def _collect_seldom() -> None:
    """Look for garbage cycles seldom: a batch makes many objects and hardly a cycle; looking costs a tenth of it."""
    gc.freeze()  # what was imported lives for ever
    gc.set_threshold(50_000, 20, 50)


def _prepare(name: str) -> Runtime:
    settings = read_settings(name)
    registry = CollectorRegistry()
    return Runtime(
        settings=settings,
        registers=load_folder(settings.config_dir),
        sealer=Sealer(read_keys(settings.letter_key_file)),
        pseudonym_keys=read_keys(settings.pseudonym_key_file) if settings.pseudonym_key_file else (),
        logger=set_up_logging(name, settings.log_level),
        registry=registry,
        metrics=PipelineMetrics(name, registry),
        health=Health(("postgres", "kafka")),
    )


def _listen(runtime: Runtime) -> HealthServer:
    settings = runtime.settings
    try:
        return HealthServer(runtime.health, runtime.registry, settings.metrics_host, settings.metrics_port)
    except OSError as error:
        raise SettingsError(f"HVA_METRICS_HOST and HVA_METRICS_PORT cannot be listened on: {error.strerror}") from error


async def _run(runtime: Runtime, server: HealthServer, build: Build) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, runtime.stopping.set)
    server.start()
    runtime.logger.info("started", extra={"port": server.port})
    try:
        async with contextlib.AsyncExitStack() as stack:
            ticking = asyncio.create_task(
                _every(runtime, Job("tick", 1.0, watch.tick(runtime.health, runtime.metrics)))
            )
            stack.callback(ticking.cancel)
            await _serve(runtime, build, stack)
    finally:
        server.stop()
        runtime.logger.info("stopped")


async def _serve(runtime: Runtime, build: Build, stack: contextlib.AsyncExitStack) -> None:
    if await _until_there(runtime, "postgres", lambda: _open_store(runtime, stack)) is None:
        return
    if await _until_there(runtime, "kafka", lambda: knock(runtime.settings)) is None:
        return
    wiring = await _until_there(runtime, "kafka", lambda: build(runtime))
    if wiring is None:
        return
    if wiring.close:
        stack.push_async_callback(wiring.close)
    broker = await _until_there(runtime, "kafka", lambda: _start_broker(runtime, wiring))
    if broker is None:
        return
    stack.push_async_callback(broker.stop)
    jobs = (
        *wiring.jobs,
        Job("probe postgres", 2.0, watch.probe_postgres(runtime.pool, runtime.health)),
        Job("probe kafka", 2.0, watch.probe_kafka(broker, runtime.health)),
        Job("lag", 1.0, watch.measure_lag(broker, runtime.metrics, settings=runtime.settings)),
        Job("registers", 2.0, reload_registers(runtime)),
        Job("letters", 2.0, watch.count_letters(runtime.pool, settings=runtime.settings, metrics=runtime.metrics)),
    )
    running = [asyncio.create_task(_every(runtime, job)) for job in jobs]
    await runtime.stopping.wait()
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def _open_store(runtime: Runtime, stack: contextlib.AsyncExitStack) -> "asyncpg.Pool[asyncpg.Record]":
    pool = await make_pool(runtime.settings.postgres, f"hva-{runtime.settings.service}")
    try:
        async with pool.acquire() as connection:
            await load(connection, runtime.registers)
    except BaseException:
        pool.terminate()
        raise
    runtime.pool = pool
    stack.push_async_callback(pool.close)
    return pool


async def _start_broker(runtime: Runtime, wiring: Wiring) -> KafkaBroker:
    broker = make_broker(runtime.settings)
    for topic, handler in wiring.subscriptions:
        subscribe(broker, runtime.settings, topic, handler)
    assert_safe(broker)
    try:
        await broker.start()
    except BaseException:
        await broker.stop()
        raise
    return broker


def reload_registers(runtime: Runtime) -> watch.Task:
    """Take over a changed folder of registers; a wrong one is told and changes nothing.

    The first run looks whatever happened: the folder may have changed while Kafka or PostgreSQL was awaited.
    """
    seen: object = None

    async def run() -> None:
        nonlocal seen
        now = fingerprint(runtime.settings.config_dir)
        if now == seen:
            return
        try:
            registers = load_folder(runtime.settings.config_dir)
        except RegisterError as error:
            runtime.health.warn("registers", f"changed and wrong, the old ones stay: {error}")
            runtime.metrics.registers_wrong.set(1)
            runtime.logger.error("registers are wrong, the old ones stay", extra={"problems": str(error)})
        else:
            if registers.version != runtime.registers.version:
                await _take_over(runtime, registers)
            runtime.health.warn("registers", None)
            runtime.metrics.registers_wrong.set(0)
        seen = now  # not where the store was away: it is tried again

    return run


async def _take_over(runtime: Runtime, registers: Registers) -> None:
    async with runtime.pool.acquire() as connection:
        await load(connection, registers)
    runtime.registers = registers
    for use in runtime.on_registers:
        use(registers)
    runtime.logger.info("registers taken over", extra={"version": registers.version})


def fingerprint(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Names, sizes and times of a folder's files: cheap to compare, different after any edit."""
    return tuple(sorted((f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in folder.iterdir() if f.is_file()))


async def _until_there(runtime: Runtime, part: str, start: Callable[[], Awaitable[T]]) -> T | None:
    """Try to start a part until it is there (its result) or the service is told to stop (None)."""
    while not runtime.stopping.is_set():
        try:
            result = await start()
        except (OSError, KafkaError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            if classify(error) is not Failure.TRANSIENT:
                raise
            if runtime.health.trouble(part, f"cannot be reached: {type(error).__name__}"):
                runtime.logger.warning(f"{part} cannot be reached, waiting", extra={"kind": type(error).__name__})
            await _pause(runtime, _PAUSE_S)
        else:
            runtime.health.fine(part)
            return result
    return None


async def _every(runtime: Runtime, job: Job) -> None:
    while not runtime.stopping.is_set():
        try:
            await job.run()
        except Exception as error:
            runtime.logger.warning("a job failed", extra={"job": job.name}, exc_info=error)
        await _pause(runtime, job.every_s)


async def _pause(runtime: Runtime, seconds: float) -> None:
    """Sleep, or less when the service is told to stop."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(runtime.stopping.wait(), seconds)
