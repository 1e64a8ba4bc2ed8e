"""What all facts of a county count together, beside its buckets: added up in temporary tables of one transaction.

A county has more buckets than memory should have to hold. At most `PLACES` and what one chunk of facts adds wait in
memory; PostgreSQL holds the rest, on disk where it is much, and tells the differences `ROWS` at a time.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final

from shared.deltas import BucketRow, Contribution, Deltas, Measure
from shared.postgres.buckets import GRAINS, add_deltas, bucket_keys
from shared.postgres.chunks import LONGEST_S
from shared.postgres.lock import Connection

PLACES: Final = 20_000
ROWS: Final = 5_000
_TEMPORARY: Final = "pg_temp"


class Sums:
    """Sums of one county, of the same measures and grains as the buckets of a schema."""

    def __init__(self, connection: Connection, schema: str, county: str, measures: Sequence[Measure]) -> None:
        self._connection, self._schema, self._county, self._measures = connection, schema, county, measures
        self._deltas = Deltas()

    async def create(self) -> None:
        """Make the tables, which end with the transaction."""
        for table in self._tables():
            await self._connection.execute(
                f"create temporary table {table} (like {self._schema}.{table} including all) on commit drop"
            )

    async def add(self, contributions: Iterable[Iterable[Contribution]]) -> None:
        """Add what a chunk of facts counts."""
        for one in contributions:
            self._deltas.add(one)
        if self._deltas.places() > PLACES:
            await self._write_out()

    async def stored(self) -> int:
        """How many buckets there are that say anything."""
        found = 0
        for measure in self._measures:
            says = " or ".join(f"{count} <> 0" for count in measure.counts)
            for grain in GRAINS:
                query = f"select count(*) from {self._schema}.{measure.name}_{grain} where county = $1 and ({says})"
                found += await self._connection.fetchval(query, self._county, timeout=LONGEST_S)
        return found

    async def differences(self) -> AsyncIterator[tuple[Measure, str, list[BucketRow]]]:
        """By measure and grain: what to add to the buckets for them to be right, in chunks."""
        await self._write_out()
        for measure in self._measures:
            for grain in GRAINS:
                keys = len(bucket_keys(measure, grain))
                query = _differences(self._schema, measure, grain)
                cursor = await self._connection.cursor(query, self._county, timeout=LONGEST_S)
                while rows := await cursor.fetch(ROWS, timeout=LONGEST_S):
                    yield measure, grain, [(tuple(row)[:keys], tuple(map(int, tuple(row)[keys:]))) for row in rows]

    async def _write_out(self) -> None:
        await add_deltas(self._connection, _TEMPORARY, self._county, self._deltas)
        self._deltas = Deltas()

    def _tables(self) -> list[str]:
        return [f"{measure.name}_{grain}" for measure in self._measures for grain in GRAINS]


def _differences(schema: str, measure: Measure, grain: str) -> str:
    """The sums less the buckets, where that is anything."""
    keys = ", ".join(key.split()[0] for key in bucket_keys(measure, grain))
    less = {count: f"coalesce(sums.{count}, 0) - coalesce(stored.{count}, 0)" for count in measure.counts}
    return (
        f"select {keys}, {', '.join(less.values())} from {_TEMPORARY}.{measure.name}_{grain} sums "
        f"full join (select * from {schema}.{measure.name}_{grain} where county = $1) stored using (county, {keys}) "
        f"where {' or '.join(f'{one} <> 0' for one in less.values())}"
    )
