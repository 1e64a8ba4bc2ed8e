"""Which merges of aliases were told already: a bounded memory in front of table `ingest.announced_merge`.

The table is written after Kafka's acknowledgement, so a crash between the two tells a merge again, which changes
nothing. While there is one key, nothing here is asked.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import asyncpg

from services.ingest.aliases import Alias
from shared.postgres.facts import probe_each

_MAX_IN_MEMORY: Final = 200_000  # in memory
_STORED: Final = "select merge_id from ingest.announced_merge where merge_id = wanted.value"
_KNOWN: Final = f"select stored.merge_id {probe_each('unnest($1::text[]) wanted(value)', _STORED, 'stored')}"
_REMEMBER: Final = (
    "insert into ingest.announced_merge (merge_id) select * from unnest($1::text[]) on conflict do nothing"
)


class AnnouncedAliases:
    """The aliases whose merge is on the person stream."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", most: int = _MAX_IN_MEMORY) -> None:
        self._pool, self._most = pool, most
        self._memory: set[Alias] = set()
        self._unwritten: set[Alias] = set()  # acknowledged by Kafka, not in the table yet

    async def not_announced(self, aliases: Iterable[Alias]) -> list[Alias]:
        """Those to be told now, each once."""
        by_id = {alias.merge_id: alias for alias in aliases if not self._is_known(alias)}
        if not by_id:
            return []
        async with self._pool.acquire() as connection:
            known = {row["merge_id"] for row in await connection.fetch(_KNOWN, list(by_id))}
        self._keep([by_id[id] for id in known])
        return [alias for id, alias in by_id.items() if id not in known]

    async def remember(self, aliases: Sequence[Alias]) -> None:
        """Kafka has acknowledged these. Where the table cannot be written, the next call writes them.

        Sorted, so that replicas that tell the same do not lock each other out.
        """
        self._unwritten.update(aliases)
        written = list(self._unwritten)
        if not written:
            return
        async with self._pool.acquire() as connection:
            await connection.execute(_REMEMBER, sorted(alias.merge_id for alias in written))
        self._unwritten.difference_update(written)
        self._keep(written)

    def _is_known(self, alias: Alias) -> bool:
        return alias in self._memory or alias in self._unwritten

    def _keep(self, aliases: Sequence[Alias]) -> None:
        if len(self._memory) + len(aliases) > self._most:
            self._memory.clear()  # the table knows; what is seen again comes back
        self._memory.update(aliases)
