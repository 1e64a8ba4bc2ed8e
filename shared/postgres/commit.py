"""The commit of a family service: one transaction that locks a county, writes dead letters and applies events."""

from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Final, Generic, Protocol, TypeVar

import asyncpg

from shared.batch import Applied, Held, ObserveStep
from shared.dead_letters import DeadLetter, DeadLetterCipher
from shared.postgres.dead_letters import write_dead_letters
from shared.postgres.lock import Connection, try_lock_county


class HasCounty(Protocol):
    """Something that belongs to one county."""

    @property
    def county(self) -> str: ...


E = TypeVar("E", bound=HasCounty)

Apply = Callable[[Connection, str, Sequence[E]], Awaitable[Applied]]
"""Writes the events of one county, inside the transaction and under the county's lock."""

_PATIENCE_S: Final = 60.0


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

    async def __call__(
        self, events: Sequence[E], dead_letters: Sequence[DeadLetter], patience_s: float = _PATIENCE_S
    ) -> Applied:
        """Commit events of one county. Raises Held when its lock was not free within `patience_s` seconds."""
        applied, started = Applied(0), perf_counter()
        async with self._pool.acquire() as connection, connection.transaction():
            if events:
                county = events[0].county
                if any(event.county != county for event in events):
                    raise ValueError("events of several counties in one transaction")
                if not await try_lock_county(connection, self._service, county, patience_s):
                    raise Held
            locked = perf_counter()
            await write_dead_letters(connection, self._service, dead_letters, self._cipher)
            if events:
                applied = await self._apply(connection, county, events)
            written = perf_counter()
        self._observe("lock", locked - started)
        self._observe("apply", written - locked)
        self._observe("commit", perf_counter() - written)
        return applied
