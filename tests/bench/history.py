"""The rate with history: the same service on a database that holds more and more facts.

The rows that the service wrote (facts, person numbers and buckets) are copied to earlier dates, with other ids and
clients, until the database has the wanted size. That takes a minute instead of ten. Then new events go through the
service: from unknown clients, and every slice in its own month, because ten slices in one month would be
unrealistically many for these counties.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from statistics import median
from typing import Final

import asyncpg

from shared.contracts.catalogue import PERSON, SEGMENT
from tests.bench.family import Family, columns
from tests.bench.measure import Measured, watch
from tests.bench.sizes import Sizes
from tests.bench.stage import Database, Stage, group_of
from tests.bench.workload import Event, outgoing, salted

COPY_INTERVAL: Final = 100  # days between two copies; longer than the log
_SLICE_INTERVAL: Final = 35  # days between two slices
_MIN_SHARE: Final = 0.98  # of a size; grouped facts are copied together, so sizes are approximate
_PERSONS: Final[Mapping[str, str]] = {"client": "text", "number": "bigint", "person": "bigint"}


_DISK: Final = """
select sum(pg_table_size(c.oid)) filter (where name = any($1)),
       sum(pg_indexes_size(c.oid)) filter (where name = any($1)),
       sum(pg_total_relation_size(c.oid))
from pg_class c, format('%s.%s', $2::text, c.relname) name
where c.relnamespace = $2::regnamespace and c.relkind = 'r'
"""


async def history(
    stage: Stage,
    family: Family,
    events: list[Event],
    sizes: Sizes,
    report: Callable[[str], None],
    *,
    scattered: bool,
    at_size: Callable[[int, Database], Awaitable[None]] | None = None,
) -> tuple[dict[int, float], Database]:
    """Number of facts to events a second, and the database at its largest size.

    `at_size` is called at every size, after the rate was measured.
    """
    kind = "scattered" if scattered else "growing"
    database = await stage.database()
    events = events[: sizes.slice_events]
    months = count()
    await apply_events(stage, family, database, salted(events, f"{kind}-0.", scattered=scattered), f"{kind}-0.")
    found: dict[int, float] = {}
    for size in sizes.histories if scattered else (sizes.histories[0], sizes.histories[-1]):
        await grow(stage, family, database, size, scattered=scattered)
        rates = []
        for number in range(sizes.slices):
            prefix = f"{kind}-{size}-{number}."
            fresh = salted(events, prefix, scattered=scattered, days=_SLICE_INTERVAL * next(months))
            measured = await apply_events(stage, family, database, fresh, prefix)
            rates.append(measured.rate)
            report(f"{family.name}, {size} facts, {kind} ids: {measured.rate:.0f} events/s")
        found[size] = median(rates)
        if at_size:
            await at_size(size, database)
    return found, database


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes on disk for each fact: of fact tables and of their indexes, and of everything else of the family, which is
    buckets and what is derived."""

    facts: int
    rows: float
    indexes: float
    derived: float


async def disk(family: Family, database: Database) -> Disk:
    """What a database that was vacuumed takes on disk."""
    facts, tables = await count_facts(family, database), [table.name for table in family.tables]
    connection = await asyncpg.connect(database.dsn())
    try:
        rows, indexes, all_bytes = await connection.fetchrow(_DISK, tables, family.name)
    finally:
        await connection.close()
    return Disk(facts, *(float(size) / facts for size in (rows, indexes, all_bytes - rows - indexes)))


async def apply_events(
    stage: Stage, family: Family, database: Database, events: list[Event], prefix: str, **settings: str
) -> Measured:
    """Let the service, with these settings, apply the events from separate topics."""
    await stage.topics(prefix, [family.topic, PERSON, SEGMENT])
    await stage.publish(outgoing(events, family.topic, prefix))
    running = await stage.service(family.name, database, prefix, **settings)
    try:
        return await watch(stage, running, [group_of(family.name, family.topic, prefix)], len(events))
    finally:
        await running.stop()


async def grow(
    stage: Stage, family: Family, database: Database, size: int, *, scattered: bool, interval: int = COPY_INTERVAL
) -> None:
    """Double the facts until there are `size`, then vacuum, analyze and checkpoint, as on a long-running server."""
    for doubling in count():
        existing = await count_facts(family, database)
        if existing >= _MIN_SHARE * size:
            break
        share = min(1.0, (size - existing) / existing)
        copied = _Copies(family, f"{size}-{doubling}-", interval * 2**doubling, share, scattered)
        await stage.execute(database, *copied.statements())
    await stage.execute(database, "vacuum analyze", "checkpoint")


async def count_facts(family: Family, database: Database) -> int:
    """The number of stored facts."""
    connection = await asyncpg.connect(database.dsn())
    try:
        counts = [await connection.fetchval(f"select count(*) from {table.name}") for table in family.tables]
    finally:
        await connection.close()
    return sum(counts)


class _Copies:
    """The statements that copy a share of all rows to earlier days."""

    def __init__(self, family: Family, salt: str, days: int, share: float, scattered: bool) -> None:
        self._family, self._salt, self._days, self._share, self._scattered = family, salt, days, share, scattered

    def statements(self) -> Iterator[str]:
        """Clients come last, so that all copies see the same maximum number."""
        for name, kinds in self._family.derived_tables.items():
            yield self._rows(name, kinds)
        for table in self._family.tables:
            yield self._rows(table.name, columns(table))
        yield from self._buckets()
        if self._family.numbers_clients:
            name = f"{self._family.name}.client"
            yield self._rows(name, _PERSONS)
            yield f"select setval(pg_get_serial_sequence('{name}', 'number'), max(number)) from {name}"

    def _rows(self, table: str, kinds: Mapping[str, str]) -> str:
        values = ", ".join(self._new_value(*column) for column in kinds.items())
        return (
            f"insert into {table} (county, {', '.join(kinds)}) overriding system value "
            f"select county, {values} from {table} "
            f"where hashtext({self._family.copy_groups[table]}) & 1023 < {self._share} * 1024"
        )

    def _new_value(self, name: str, kind: str) -> str:
        match name:
            case "id" | "invitation_id":
                return f"md5('{self._salt}' || {name})" if self._scattered else f"'{self._salt}' || {name}"
            case "client" | "own_client":
                return f"'bench.' || left(md5('{self._salt}' || {name}), 22)"
            case "person" | "number":
                return f"{name} + (select max(number) from {self._family.name}.client)"
        days = self._days
        return {"date": f"{name} - {days}", "timestamptz": f"{name} - interval '{days} days'"}.get(kind, name)

    def _buckets(self) -> Iterator[str]:
        for measure in self._family.measures:
            keys = ("unit_row", *measure.codes, *measure.counts)
            for grain, day, more in (
                ("day", f"day - {self._days}", ()),
                ("month", f"date_trunc('month', month - {self._days})::date", ("channel", "segment")),
            ):
                table, names = f"{self._family.name}.{measure.name}_{grain}", ", ".join((*more, *keys))
                yield (
                    f"insert into {table} (county, {grain}, {names}) "
                    f"select county, {day}, {names} from {table} on conflict do nothing"
                )
