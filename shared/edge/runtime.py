"""What a running service has, and what its rooms give it to do."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import asyncpg
from prometheus_client import CollectorRegistry

from shared.contracts.catalogue import Topic
from shared.dead_letters import Sealer
from shared.edge.consume import BatchHandler
from shared.health import Health
from shared.keys import Key
from shared.metrics import PipelineMetrics
from shared.registers import Registers
from shared.settings import Settings


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
