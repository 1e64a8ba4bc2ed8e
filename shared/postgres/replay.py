"""Everything that follows from facts, derived anew beside what is there, compared, and put right where it differs.

Four things follow from facts: who is one person, what a fact takes from its neighbours, registers and histories (its
derived fields), the buckets, and stored cells. A replay goes over the facts of a county in chunks, under its lock, as a
refold does, and mends derived fields by way of the usual changes. Then it adds up what all facts count in one snapshot,
beside the work, and compares that with the buckets of the same snapshot. What they differ by is added under the lock:
writers only ever add differences to buckets, so an error stays what it was, however many came in between. An audit does
the same in one snapshot and changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

import asyncpg

from shared.deltas import BucketRow, Contribution, Deltas, Measure
from shared.postgres.buckets import GRAINS, add_rows, bucket_rows
from shared.postgres.clients import Clients
from shared.postgres.facts import Change, FactTable
from shared.postgres.lock import Connection, lock_counties
from shared.postgres.pool import counting
from shared.postgres.refold import CHUNK, Fold
from shared.registers import Registers

_LONGEST_S: Final = 3 * 3600

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

Rederive = Callable[[Connection, str, Sequence[Any], Registers], Awaitable[Sequence[Any]]]
"""The facts, all of one table and none of them retracted, as they follow from everything else now, in their order; the
same object where nothing is wrong."""

Persons = Callable[[Connection, str, str, Registers, bool], Awaitable[tuple[int, int, str]]]
"""Work out what follows from registers and all facts of a person, for a chunk of a county's persons behind a place:
how many there were, how many are wrong, and the place it came to, `''` at the end. They are mended where asked to."""

Differences = dict[tuple[Measure, str], list[BucketRow]]
"""By measure and grain: what to add to the buckets for them to be right."""


class Findings(NamedTuple):
    """What was looked at, and how much of it was wrong."""

    facts: int = 0
    wrong_facts: int = 0
    cells: int = 0
    wrong_cells: int = 0

    def __add__(self, other: Any) -> "Findings":
        return Findings(*map(sum, zip(self, other, strict=True)))


@dataclass(frozen=True)
class Replay:
    """How everything of a family follows from its facts.

    `cells` looks at all stored cells: how many there were, and how many were wrong, mended where asked to.
    """

    schema: str
    tables: Sequence[FactTable[Any]]
    measures: Sequence[Measure]
    contributions: Callable[[Any], Iterable[Contribution]]
    rederive: Rederive
    fold: Fold
    persons: Persons | None = None
    clients: Clients | None = None
    cells: Callable[[bool], Awaitable[tuple[int, int]]] | None = None

    async def audit(self, pool: Pool, registers: Registers) -> Findings:
        """Compare everything with what it should be, county by county; changes nothing."""
        found = Findings()
        for county in await self._counties(pool):
            async with pool.acquire() as connection, _snapshot(connection):
                if self.clients is not None:
                    found += Findings(*await self.clients.look(connection, county))
                found += await self._look_at_persons(connection, county, registers)
                deltas, facts, wrong = await self._add_up(connection, county, registers)
                cells, differences = await self._compare(connection, county, deltas)
            found += Findings(facts, wrong, cells, sum(map(len, differences.values())))
        return found + await self._cells(mend=False)

    async def run(self, pool: Pool, registers: Registers) -> Findings:
        """Put right what is wrong; returns what was."""
        found = Findings()
        for county in await self._counties(pool):
            found += await self._mend_clients(pool, county)
            found += await self._mend_facts(pool, county, registers)
            async with pool.acquire() as connection, _snapshot(connection):
                deltas, _, _ = await self._add_up(connection, county, None)
                cells, differences = await self._compare(connection, county, deltas)
            async with self._locked(pool, county) as writer:
                for (measure, grain), rows in differences.items():
                    await add_rows(writer, self.schema, county, measure, grain, rows)
            found += Findings(0, 0, cells, sum(map(len, differences.values())))
        return found + await self._cells(mend=True)

    async def _counties(self, pool: Pool) -> list[str]:
        return [row["county"] for row in await pool.fetch(f"select county from {self.schema}.refold order by county")]

    async def _cells(self, mend: bool) -> Findings:
        return Findings(0, 0, *(await self.cells(mend) if self.cells else (0, 0)))

    async def _look_at_persons(self, connection: Connection, county: str, registers: Registers) -> Findings:
        found, after = Findings(), ""
        while self.persons is not None:
            looked_at, wrong, after = await self.persons(connection, county, after, registers, False)
            found += Findings(looked_at, wrong)
            if not after:
                break
        return found

    async def _mend_clients(self, pool: Pool, county: str) -> Findings:
        """All facts of whoever was of the wrong person at once, but only where there are any: it holds the county."""
        if self.clients is None:
            return Findings()
        async with pool.acquire() as connection, _snapshot(connection):
            found = Findings(*await self.clients.look(connection, county))
        if found.wrong_facts:
            async with pool.acquire() as connection, counting(connection, _LONGEST_S):
                await lock_counties(connection, self.schema, [county])
                await self.clients.mend(connection, county)
        return found

    async def _mend_facts(self, pool: Pool, county: str, registers: Registers) -> Findings:
        found, after = Findings(), ""
        while self.persons is not None:
            async with self._locked(pool, county) as connection:
                looked_at, wrong, after = await self.persons(connection, county, after, registers, True)
            found += Findings(looked_at, wrong)
            if not after:
                break
        for table in self.tables:
            last: str | None = ""
            while last is not None:
                async with self._locked(pool, county) as connection:
                    facts = await _chunk(table, connection, county, last)
                    changes = await self._wrong(connection, county, facts, registers)
                    await table.revise(connection, county, [change.new for change in changes])
                    await self.fold(connection, county, changes)
                found += Findings(len(facts), len(changes))
                last = facts[-1].id if len(facts) == CHUNK else None
        return found

    async def _wrong(
        self, connection: Connection, county: str, facts: Sequence[Any], registers: Registers
    ) -> list[Change[Any]]:
        live = [fact for fact in facts if not fact.retracted]
        right = await self.rederive(connection, county, live, registers) if live else live
        return [Change(fact, now) for fact, now in zip(live, right, strict=True) if now is not fact]

    async def _add_up(
        self, connection: Connection, county: str, registers: Registers | None
    ) -> tuple[Deltas, int, int]:
        """What all facts of a county count together, with those that are wrong put right where registers are given."""
        deltas, looked_at, wrong = Deltas(), 0, 0
        for table in self.tables:
            last: str | None = ""
            while last is not None:
                facts = await _chunk(table, connection, county, last)
                changes = [] if registers is None else await self._wrong(connection, county, facts, registers)
                right = {change.old.id: change.new for change in changes if change.old is not None}
                for fact in facts:
                    deltas.add(self.contributions(right.get(fact.id, fact)))
                looked_at, wrong = looked_at + len(facts), wrong + len(changes)
                last = facts[-1].id if len(facts) == CHUNK else None
                await asyncio.sleep(0)  # the service goes on with its batches
        return deltas, looked_at, wrong

    async def _compare(self, connection: Connection, county: str, deltas: Deltas) -> tuple[int, Differences]:
        """How many buckets there are, and what those that are wrong lack."""
        looked_at, differences = 0, Differences()
        for measure in self.measures:
            for grain, rows in zip(GRAINS, (deltas.by_day(measure), deltas.by_month(measure)), strict=True):
                stored = await bucket_rows(connection, self.schema, county, measure, grain)
                looked_at += len(stored)
                if lacking := _lacking(dict(rows), stored):
                    differences[measure, grain] = lacking
        return looked_at, differences

    @asynccontextmanager
    async def _locked(self, pool: Pool, county: str) -> AsyncIterator[Connection]:
        async with pool.acquire() as connection, connection.transaction():
            await lock_counties(connection, self.schema, [county])
            yield connection


def _lacking(expected: dict[Any, tuple[int, ...]], stored: dict[Any, tuple[int, ...]]) -> list[BucketRow]:
    """Expected less stored, where that is anything."""
    found = []
    for key in sorted(expected.keys() | stored.keys()):
        right, there = expected.get(key), stored.get(key)
        width = len(right or there or ())
        lack = tuple(a - b for a, b in zip(right or (0,) * width, there or (0,) * width, strict=True))
        if any(lack):
            found.append((key, lack))
    return found


async def _chunk(table: FactTable[Any], connection: Connection, county: str, after: str) -> list[Any]:
    return await table.load(connection, "county = $1 and id > $2 order by id limit $3", county, after, CHUNK)


@asynccontextmanager
async def _snapshot(connection: Connection) -> AsyncIterator[None]:
    """All that is read is of one moment, however long it takes."""
    async with counting(connection, _LONGEST_S, isolation="repeatable_read"):
        yield
