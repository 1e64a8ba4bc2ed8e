"""Wiring of ingest: handlers, jobs and the gateway. No logic."""

import contextlib
from collections.abc import Callable, Mapping
from typing import Final

import asyncpg

from services.ingest.context import Contexts
from services.ingest.gateway import Gateway
from services.ingest.gateway_http import open_gateway
from services.ingest.handlers import on_care, on_contact, on_feedback
from services.ingest.keys import reload_keys
from services.ingest.publish import SCHEMA, PublishCommit
from services.ingest.redrive import make_attempt
from services.ingest.validate import Accepted
from shared.batch import BatchRunner
from shared.clock import system_clock
from shared.contracts.catalogue import RAW, Stream, Topic
from shared.edge.produce import make_producer
from shared.edge.runtime import Job, Runtime, Wiring
from shared.postgres.redrive import redrive_due
from shared.pseudonym import Keyring

HANDLERS: Final[Mapping[Topic, Callable[[Runtime, Contexts, PublishCommit], BatchRunner[Accepted]]]] = {
    RAW[Stream.FEEDBACK]: on_feedback,
    RAW[Stream.CONTACT]: on_contact,
    RAW[Stream.CARE]: on_care,
}


def _always(runner: BatchRunner[Accepted]) -> Callable[[], BatchRunner[Accepted]]:
    return lambda: runner


async def build(runtime: Runtime) -> Wiring:
    """Publish canonical events from raw records, keep dead letters and redrive them when their cause is gone."""
    settings = runtime.settings
    contexts = Contexts(runtime.registers, Keyring(runtime.pseudonym_keys), system_clock)
    producer = make_producer(settings.kafka, "hva-ingest")
    try:
        await producer.start()
    except BaseException:
        await producer.stop()
        raise
    commit = PublishCommit(
        producer,
        runtime.pool,
        runtime.cipher,
        settings.topic_prefix,
        give_up=runtime.give_up,
        observe=runtime.metrics.step,
    )
    attempt = make_attempt(contexts, commit, settings.topic_prefix)

    async def redrive() -> None:
        version = runtime.registers.version
        await redrive_due(runtime.background, SCHEMA, runtime.cipher, attempt, version, system_clock())

    async def flush() -> None:
        await commit.freshness.flush(runtime.background)

    runtime.on_registers.append(contexts.use)
    close_gateway = await open_gateway(runtime, Gateway(contexts.now, commit, runtime.metrics, runtime.logger))

    async def close() -> None:
        await close_gateway()
        with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await flush()
        await producer.stop()

    return Wiring(
        subscriptions=[(topic, _always(make(runtime, contexts, commit))) for topic, make in HANDLERS.items()],
        jobs=[
            Job("redrive", 1.0, redrive, alone=True),
            Job("keys", 2.0, reload_keys(runtime, contexts.use_keys)),
            Job("freshness", 5.0, flush),
        ],
        close=close,
    )
