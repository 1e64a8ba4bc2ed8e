"""The commit of a family service: one transaction that locks counties, writes dead letters and applies events."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Generic, Protocol, TypeVar

import asyncpg

from shared.batch import Applied, ObserveStep
from shared.dead_letters import DeadLetter, DeadLetterCipher
from shared.postgres.dead_letters import write_dead_letters
from shared.postgres.lock import Connection, lock_counties


class HasCounty(Protocol):
    """Something that belongs to one county."""

    @property
    def county(self) -> str: ...


E = TypeVar("E", bound=HasCounty)

Apply = Callable[[Connection, str, Sequence[E]], Awaitable[Applied]]
"""Writes the events of one county, inside the transaction and under the county's lock."""


class StoreCommit(Generic[E]):
    """Commits facts, everything derived from them, and dead letters atomically. Idempotent, because facts are."""

    def __init__(
        self,
        service: str,
        pool: "asyncpg.Pool[asyncpg.Record]",
        cipher: DeadLetterCipher,
        apply: Apply[E],
        observe: ObserveStep = lambda step, seconds: None,
    ) -> None:
        """`observe` gets the times of the steps lock, apply and commit of each commit that succeeds."""
        self._service, self._pool, self._cipher, self._apply = service, pool, cipher, apply
        self._observe = observe

    async def __call__(self, events: Sequence[E], dead_letters: Sequence[DeadLetter]) -> Applied:
        by_county: dict[str, list[E]] = defaultdict(list)
        for event in events:
            by_county[event.county].append(event)
        total, started = Applied(0), perf_counter()
        async with self._pool.acquire() as connection, connection.transaction():
            await lock_counties(connection, self._service, by_county)
            locked = perf_counter()
            await write_dead_letters(connection, self._service, dead_letters, self._cipher)
            for county in sorted(by_county):
                total += await self._apply(connection, county, by_county[county])
            applied = perf_counter()
        self._observe("lock", locked - started)
        self._observe("apply", applied - locked)
        self._observe("commit", perf_counter() - applied)
        return total
