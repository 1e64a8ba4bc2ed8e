"""The state of a running service, and the subscriptions and jobs that its `app` module gives it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from prometheus_client import CollectorRegistry

from shared.batch import BatchRunner
from shared.contracts.catalogue import Topic
from shared.dead_letters import DeadLetterCipher
from shared.health import Health
from shared.keys import Key
from shared.metrics import PipelineMetrics
from shared.postgres.lease import Leases
from shared.registers import Registers
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Job:
    """A periodic task of a running service. An error is logged, and the next run tries again.

    `alone`: only one replica runs it at a time, under the lease of this name.
    """

    name: str
    every_s: float
    run: Callable[[], Awaitable[None]]
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Wiring:
    """The subscriptions of a service, each with a function that returns its current runner, and its periodic jobs."""

    subscriptions: Sequence[tuple[Topic, Callable[[], BatchRunner[Any]]]]
    jobs: Sequence[Job] = ()
    close: Callable[[], Awaitable[None]] | None = None


@dataclass
class Runtime:
    """The state of a running service. `registers` is replaced as a whole when the folder changes.

    Batches use the connections of `pool`. Jobs use those of `background`, which are their share of the database.
    """

    settings: Settings
    registers: Registers
    cipher: DeadLetterCipher
    pseudonym_keys: tuple[Key, ...]  # empty in every service but ingest
    logger: logging.Logger
    registry: CollectorRegistry
    metrics: PipelineMetrics
    health: Health
    pool: "asyncpg.Pool[asyncpg.Record]" = field(init=False)
    background: "asyncpg.Pool[asyncpg.Record]" = field(init=False)
    leases: Leases = field(init=False)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    on_registers: list[Callable[[Registers], None]] = field(default_factory=list)
    exit_code: int = 0

    def give_up(self, sentence: str) -> None:
        """Stop because of an error that only a new process can fix; the supervisor starts the service again."""
        self.logger.error(sentence)
        self.exit_code = 1
        self.stopping.set()


Build = Callable[[Runtime], Awaitable[Wiring]]
"""Connects the modules of a service. Called when PostgreSQL answers, and again while it raises that Kafka does not."""
