"""Sums the contributions of all facts of a county in temporary tables of one transaction, to compare with its buckets.

A county may have more buckets than fit in memory. At most `MAX_DELTAS` and those of one chunk of facts stay in memory.
PostgreSQL holds the rest, on disk if necessary, and returns the differences `FETCH_ROWS` at a time.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final

from shared.deltas import BucketRow, Contribution, Deltas, Measure
from shared.postgres.buckets import GRAINS, add_to_sums, bucket_keys
from shared.postgres.chunks import TIMEOUT_S
from shared.postgres.lock import Connection

MAX_DELTAS: Final = 20_000
FETCH_ROWS: Final = 5_000
_TEMPORARY: Final = "pg_temp"


class Sums:
    """The sums of one county, in the measures and grains of a schema's buckets."""

    def __init__(self, connection: Connection, schema: str, county: str, measures: Sequence[Measure]) -> None:
        self._connection, self._schema, self._county, self._measures = connection, schema, county, measures
        self._deltas = Deltas()

    async def create(self) -> None:
        """Create the tables, which are dropped at the end of the transaction."""
        for table in self._tables():
            await self._connection.execute(
                f"create temporary table {table} (like {self._schema}.{table} including all) on commit drop"
            )

    async def add(self, contributions: Iterable[Iterable[Contribution]]) -> None:
        """Add the contributions of a chunk of facts."""
        for of_fact in contributions:
            self._deltas.add(of_fact)
        if self._deltas.size() > MAX_DELTAS:
            await self._write_out()

    async def stored(self) -> int:
        """Count the stored buckets that are not zero."""
        found = 0
        for measure in self._measures:
            nonzero = " or ".join(f"{count} <> 0" for count in measure.counts)
            for grain in GRAINS:
                query = f"select count(*) from {self._schema}.{measure.name}_{grain} where county = $1 and ({nonzero})"
                found += await self._connection.fetchval(query, self._county, timeout=TIMEOUT_S)
        return found

    async def differences(self) -> AsyncIterator[tuple[Measure, str, list[BucketRow]]]:
        """Yield, by measure and grain and in chunks, what to add to the buckets to correct them."""
        await self._write_out()
        for measure in self._measures:
            for grain in GRAINS:
                keys = len(bucket_keys(measure, grain))
                query = _differences(self._schema, measure, grain)
                cursor = await self._connection.cursor(query, self._county, timeout=TIMEOUT_S)
                while rows := await cursor.fetch(FETCH_ROWS, timeout=TIMEOUT_S):
                    yield measure, grain, [(tuple(row)[:keys], tuple(map(int, tuple(row)[keys:]))) for row in rows]

    async def _write_out(self) -> None:
        await add_to_sums(self._connection, _TEMPORARY, self._county, self._deltas)
        self._deltas = Deltas()

    def _tables(self) -> list[str]:
        return [f"{measure.name}_{grain}" for measure in self._measures for grain in GRAINS]


def _differences(schema: str, measure: Measure, grain: str) -> str:
    """Make the query for the sums minus the buckets, where that is not zero."""
    keys = ", ".join(key.split()[0] for key in bucket_keys(measure, grain))
    differences = [f"coalesce(sums.{count}, 0) - coalesce(stored.{count}, 0)" for count in measure.counts]
    return (
        f"select {keys}, {', '.join(differences)} from {_TEMPORARY}.{measure.name}_{grain} sums "
        f"full join (select * from {schema}.{measure.name}_{grain} where county = $1) stored using (county, {keys}) "
        f"where {' or '.join(f'{difference} <> 0' for difference in differences)}"
    )
