"""The life cycle of a service: start, wait for its dependencies, consume, report its health, stop in order.

A service stays up while Kafka or PostgreSQL is unavailable, and continues when they are back. It exits with one
sentence only for errors that waiting cannot fix: a wrong setting, key file or register.
"""

import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import asyncpg
import uvloop
from aiokafka.errors import KafkaError
from faststream.kafka import KafkaBroker
from prometheus_client import CollectorRegistry

from shared.batch import BatchRunner
from shared.contracts.catalogue import Topic
from shared.dead_letters import DeadLetterCipher
from shared.edge import watch
from shared.edge.acknowledge import Acknowledger
from shared.edge.consume import TRANSACTIONS_PER_DELIVERY, assert_safe, make_broker, ping_kafka, start_broker, subscribe
from shared.edge.jobs import JobMetrics, pause, run_job
from shared.edge.reload import compare_registers, reload_registers
from shared.edge.retention import retention
from shared.edge.runtime import Build, Job, Runtime
from shared.failure import Failure, classify
from shared.health import Health, HealthServer
from shared.keys import KeyFileError, read_keys
from shared.lanes import Lanes
from shared.logs import set_up_logging
from shared.metrics import PipelineMetrics
from shared.postgres.lease import BEAT_S, Leases
from shared.postgres.pool import close_pool, drop_connections, make_pool
from shared.postgres.probe import PostgresProbe
from shared.postgres.registers import load
from shared.postgres.version import SchemaVersionError, check_version
from shared.registers import RegisterError, load_folder
from shared.settings import SettingsError, read_settings

T = TypeVar("T")

_PAUSE_S: Final = 1.0
_STOP_JOBS_S: Final = 5.0


def main(name: str, build: Build) -> None:
    """Run a service until SIGTERM or SIGINT. Exits 1 with one sentence if it cannot start."""
    try:
        runtime = _prepare(name)
        server = _start_health_server(runtime)
    except (SettingsError, KeyFileError, RegisterError) as error:
        sys.exit(f"{name} cannot start: {error}")
    _relax_garbage_collection()
    uvloop.run(_run(runtime, server, build))
    sys.exit(runtime.exit_code)


def _relax_garbage_collection() -> None:
    """Collect garbage rarely: a batch makes many objects and hardly a cycle; collection costs a tenth of its time."""
    gc.freeze()  # imported modules are never freed
    gc.set_threshold(50_000, 20, 50)


def _prepare(name: str) -> Runtime:
    settings = read_settings(name)
    registry = CollectorRegistry()
    metrics, health = PipelineMetrics(name, registry), Health(("postgres", "kafka"))
    metrics.ready.set_function(health.ready)
    return Runtime(
        settings=settings,
        registers=load_folder(settings.config_dir),
        cipher=DeadLetterCipher(read_keys(settings.dead_letter_key_file)),
        pseudonym_keys=read_keys(settings.pseudonym_key_file) if settings.pseudonym_key_file else (),
        logger=set_up_logging(name, settings.log_level),
        registry=registry,
        metrics=metrics,
        health=health,
    )


def _start_health_server(runtime: Runtime) -> HealthServer:
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
            metrics = JobMetrics(runtime.registry)
            _start_job(runtime, stack, metrics, Job("tick", 1.0, watch.tick(runtime.health)))
            await _serve(runtime, build, stack, metrics)
    finally:
        server.stop()
        runtime.logger.info("stopped")


async def _serve(runtime: Runtime, build: Build, stack: contextlib.AsyncExitStack, metrics: JobMetrics) -> None:
    if await _start_with_retry(runtime, "postgres", lambda: _open_pools(runtime, stack)) is None:
        return
    runtime.leases = Leases(runtime.settings.postgres, runtime.settings.service, metrics.lease)
    stack.push_async_callback(runtime.leases.close)
    _probe_postgres(runtime, stack, metrics)
    if await _start_with_retry(runtime, "schema", lambda: _load_registers(runtime)) is None:
        return
    if await _start_with_retry(runtime, "kafka", lambda: ping_kafka(runtime.settings)) is None:
        return
    wiring = await _start_with_retry(runtime, "kafka", lambda: build(runtime))
    if wiring is None:
        return
    if wiring.close:
        stack.push_async_callback(wiring.close)
    subscriptions = [(topic, _make_lanes(runtime, topic, make)) for topic, make in wiring.subscriptions]
    for _, lanes in subscriptions:
        stack.push_async_callback(lanes.close)
    started = await _start_with_retry(runtime, "kafka", lambda: _start_broker(runtime, subscriptions))
    if started is None:
        return
    broker, acknowledgers = started
    stack.push_async_callback(broker.stop)
    jobs = (
        *wiring.jobs,
        *retention(runtime),
        Job("leases", BEAT_S, runtime.leases.beat),
        Job("probe kafka", 2.0, watch.probe_kafka(broker, runtime.health)),
        Job("lag", 2.0, watch.measure_lag(broker, acknowledgers, runtime.metrics, runtime.settings)),
        Job("schema", 5.0, lambda: _report_version(runtime)),
        Job("registers", 2.0, reload_registers(runtime)),
        Job("register version", 2.0, compare_registers(runtime)),
        Job(
            "dead letters",
            2.0,
            watch.count_dead_letters(runtime.background, settings=runtime.settings, metrics=runtime.metrics),
        ),
    )
    running = [asyncio.create_task(run_job(runtime, metrics, job)) for job in jobs]
    await runtime.stopping.wait()
    for task in running:
        task.cancel()
    await asyncio.wait(running, timeout=_STOP_JOBS_S)


def _probe_postgres(runtime: Runtime, stack: contextlib.AsyncExitStack, metrics: JobMetrics) -> None:
    settings = runtime.settings

    def on_lost() -> None:
        runtime.logger.warning("connections to PostgreSQL were lost silently, opening new ones")
        drop_connections(runtime.pool)
        drop_connections(runtime.background)

    probe = PostgresProbe(settings.postgres, f"hva-{settings.service}-probe", on_lost)
    stack.callback(probe.close)
    _start_job(runtime, stack, metrics, Job("probe postgres", 2.0, watch.probe_postgres(probe, runtime.health)))


def _start_job(runtime: Runtime, stack: contextlib.AsyncExitStack, metrics: JobMetrics, job: Job) -> None:
    """Run a job from now until the service stops."""
    stack.callback(asyncio.create_task(run_job(runtime, metrics, job)).cancel)


async def _open_pools(runtime: Runtime, stack: contextlib.AsyncExitStack) -> bool:
    settings = runtime.settings
    runtime.pool = await make_pool(settings.postgres, f"hva-{settings.service}", settings.counties_at_once)
    stack.push_async_callback(close_pool, runtime.pool)
    background = f"hva-{settings.service}-background"
    runtime.background = await make_pool(settings.postgres, background, settings.background_connections)
    stack.push_async_callback(close_pool, runtime.background)
    return True


async def _load_registers(runtime: Runtime) -> bool:
    """Write the registers into the database. Raises SchemaVersionError, which the caller waits for, if it is older."""
    async with runtime.pool.acquire() as connection:
        if warning := await check_version(connection, runtime.settings.service):
            runtime.logger.warning(warning)
        await load(connection, runtime.registers)
    return True


async def _report_version(runtime: Runtime) -> None:
    """Report on /readyz when the database was migrated or restored while the service runs."""
    async with runtime.background.acquire() as connection:
        try:
            warning = await check_version(connection, runtime.settings.service)
        except SchemaVersionError as error:
            runtime.health.set_problem("schema", str(error))
        else:
            runtime.health.set_ok("schema")
            runtime.health.warn("schema", warning)


def _make_lanes(runtime: Runtime, topic: Topic, make: Callable[[], BatchRunner[Any]]) -> Lanes[Any]:
    largest = runtime.settings.max_records
    observe = runtime.metrics.delayed_counties(topic.name)
    return Lanes(make, largest, max_delayed=TRANSACTIONS_PER_DELIVERY * largest, observe_delayed=observe)


async def _start_broker(
    runtime: Runtime, subscriptions: Sequence[tuple[Topic, Lanes[Any]]]
) -> tuple[KafkaBroker, Mapping[str, Acknowledger]]:
    """Subscribe to the topics and start. Returns also what acknowledges the records of each topic."""
    broker, settings, acknowledgers = make_broker(runtime.settings), runtime.settings, {}
    for topic, lanes in subscriptions:
        count_rebalance = runtime.metrics.rebalances(topic.name)
        acknowledgers[topic.name] = subscribe(broker, settings, topic, lanes.take, count_rebalance)
    assert_safe(broker)
    try:
        await start_broker(broker)
    except BaseException:
        await broker.stop()
        raise
    return broker, acknowledgers


async def _start_with_retry(runtime: Runtime, part: str, start: Callable[[], Awaitable[T]]) -> T | None:
    """Start a part, again after each transient error. Returns its result, or None if the service has to stop."""
    while not runtime.stopping.is_set():
        try:
            result = await start()
        except SchemaVersionError as error:
            if runtime.health.set_problem(part, str(error)):
                runtime.logger.warning(f"waiting: {error}")
            await pause(runtime, _PAUSE_S)
        except (OSError, KafkaError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            if classify(error) is not Failure.TRANSIENT:
                raise
            if runtime.health.set_problem(part, f"cannot be reached: {type(error).__name__}"):
                runtime.logger.warning(f"{part} cannot be reached, waiting", extra={"kind": type(error).__name__})
            await pause(runtime, _PAUSE_S)
        else:
            runtime.health.set_ok(part)
            return result
    return None
