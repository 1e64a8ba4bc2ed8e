"""Which merges of aliases are published already: a bounded cache of table `ingest.announced_merge`.

The table is written after Kafka's acknowledgement. A crash between the two publishes a merge again, which changes
nothing. With a single key there are no aliases and no queries.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import asyncpg

from services.ingest.aliases import Alias
from shared.postgres.facts import probe_each

_MAX_IN_MEMORY: Final = 200_000
_SELECT_ONE: Final = "select merge_id from ingest.announced_merge where merge_id = wanted.value"
_SELECT_ANNOUNCED: Final = (
    f"select stored.merge_id {probe_each('unnest($1::text[]) wanted(value)', _SELECT_ONE, 'stored')}"
)
_INSERT: Final = "insert into ingest.announced_merge (merge_id) select * from unnest($1::text[]) on conflict do nothing"


class AnnouncedAliases:
    """The aliases whose merge is on the person stream."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", max_in_memory: int = _MAX_IN_MEMORY) -> None:
        self._pool, self._max_in_memory = pool, max_in_memory
        self._memory: set[Alias] = set()
        self._unwritten: set[Alias] = set()  # acknowledged by Kafka, not in the table yet

    async def not_announced(self, aliases: Iterable[Alias]) -> list[Alias]:
        """The aliases whose merge is still to be published, each once."""
        by_id = {alias.merge_id: alias for alias in aliases if not self._is_announced(alias)}
        if not by_id:
            return []
        async with self._pool.acquire() as connection:
            known = {row["merge_id"] for row in await connection.fetch(_SELECT_ANNOUNCED, list(by_id))}
        self._add_to_memory([by_id[id] for id in known])
        return [alias for id, alias in by_id.items() if id not in known]

    async def remember(self, aliases: Sequence[Alias]) -> None:
        """Store aliases whose merge Kafka has acknowledged. When the write fails, the next call repeats it.

        Ids are sorted so that replicas that write the same ids do not deadlock.
        """
        self._unwritten.update(aliases)
        written = list(self._unwritten)
        if not written:
            return
        async with self._pool.acquire() as connection:
            await connection.execute(_INSERT, sorted(alias.merge_id for alias in written))
        self._unwritten.difference_update(written)
        self._add_to_memory(written)

    def _is_announced(self, alias: Alias) -> bool:
        return alias in self._memory or alias in self._unwritten

    def _add_to_memory(self, aliases: Sequence[Alias]) -> None:
        if len(self._memory) + len(aliases) > self._max_in_memory:
            self._memory.clear()  # entries in use are loaded from the table again
        self._memory.update(aliases)
