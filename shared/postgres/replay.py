"""Everything that follows from facts, derived anew beside what is there, compared, and put right where it differs.

Four things follow from facts: who is one person, what a fact takes from its neighbours, registers and histories (its
derived fields), the buckets, and stored cells. A replay goes over the facts of a county in chunks, under its lock, as a
refold does, and mends derived fields by way of the usual changes. Then it adds up what all facts count in one snapshot,
beside the work, and compares that with the buckets of the same snapshot. What they differ by is added under the lock:
writers only ever add differences to buckets, so an error stays what it was, however many came in between. An audit does
the same in one snapshot and changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from shared.deltas import Contribution, Measure
from shared.postgres.buckets import add_rows
from shared.postgres.chunks import Pool, locked, snapshot
from shared.postgres.clients import Clients
from shared.postgres.facts import Change, FactTable
from shared.postgres.lock import Connection
from shared.postgres.refold import CHUNK, Fold
from shared.postgres.sums import Sums
from shared.registers import Registers

Rederive = Callable[[Connection, str, Sequence[Any], Registers], Awaitable[Sequence[Any]]]
"""The facts, all of one table and none of them retracted, as they follow from everything else now, in their order; the
same object where nothing is wrong."""

Persons = Callable[[Connection, str, str, Registers, bool], Awaitable[tuple[int, int, str]]]
"""Work out what follows from registers and all facts of a person, for a chunk of a county's persons behind a place:
how many there were, how many are wrong, and the place it came to, `''` at the end. They are mended where asked to."""


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
            async with pool.acquire() as connection, snapshot(connection):
                if self.clients is not None:
                    found += Findings(*await self.clients.look(connection, county))
                found += await self._look_at_persons(connection, county, registers)
                sums, facts, wrong = await self._add_up(connection, county, registers)
                found += Findings(facts, wrong, await sums.stored())
                async for _, _, rows in sums.differences():
                    found += Findings(0, 0, 0, len(rows))
        return found + await self._cells(repair=False)

    async def run(self, pool: Pool, registers: Registers) -> Findings:
        """Put right what is wrong; returns what was."""
        found = Findings()
        for county in await self._counties(pool):
            found += await self._repair_clients(pool, county)
            found += await self._repair_facts(pool, county, registers)
            found += await self._mend_buckets(pool, county)
        return found + await self._cells(repair=True)

    async def _mend_buckets(self, pool: Pool, county: str) -> Findings:
        """Chunk by chunk: what is added for one bucket says nothing of another."""
        async with pool.acquire() as connection, snapshot(connection):
            sums, _, _ = await self._add_up(connection, county, None)
            found = Findings(0, 0, await sums.stored())
            async for measure, grain, rows in sums.differences():
                async with locked(pool, self.schema, county) as writer:
                    await add_rows(writer, self.schema, county, measure, grain, rows)
                found += Findings(0, 0, 0, len(rows))
        return found

    async def _counties(self, pool: Pool) -> list[str]:
        return [row["county"] for row in await pool.fetch(f"select county from {self.schema}.refold order by county")]

    async def _cells(self, repair: bool) -> Findings:
        return Findings(0, 0, *(await self.cells(repair) if self.cells else (0, 0)))

    async def _look_at_persons(self, connection: Connection, county: str, registers: Registers) -> Findings:
        found, after = Findings(), ""
        while self.persons is not None:
            looked_at, wrong, after = await self.persons(connection, county, after, registers, False)
            found += Findings(looked_at, wrong)
            if not after:
                break
        return found

    async def _repair_clients(self, pool: Pool, county: str) -> Findings:
        if self.clients is None:
            return Findings()
        async with pool.acquire() as connection, snapshot(connection):
            found = Findings(*await self.clients.look(connection, county))
        if found.wrong_facts:
            await self.clients.repair(pool, county)
        return found

    async def _repair_facts(self, pool: Pool, county: str, registers: Registers) -> Findings:
        found, after = Findings(), ""
        while self.persons is not None:
            async with locked(pool, self.schema, county) as connection:
                looked_at, wrong, after = await self.persons(connection, county, after, registers, True)
            found += Findings(looked_at, wrong)
            if not after:
                break
        for table in self.tables:
            last: str | None = ""
            while last is not None:
                async with locked(pool, self.schema, county) as connection:
                    facts = await _chunk(table, connection, county, last)
                    changes = await self._wrong(connection, county, facts, registers)
                    await table.update_derived(connection, county, [change.new for change in changes])
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

    async def _add_up(self, connection: Connection, county: str, registers: Registers | None) -> tuple[Sums, int, int]:
        """What all facts of a county count together, with those that are wrong put right where registers are given."""
        sums, looked_at, wrong = Sums(connection, self.schema, county, self.measures), 0, 0
        await sums.create()
        for table in self.tables:
            last: str | None = ""
            while last is not None:
                facts = await _chunk(table, connection, county, last)
                changes = [] if registers is None else await self._wrong(connection, county, facts, registers)
                right = {change.old.id: change.new for change in changes if change.old is not None}
                await sums.add(self.contributions(right.get(fact.id, fact)) for fact in facts)
                looked_at, wrong = looked_at + len(facts), wrong + len(changes)
                last = facts[-1].id if len(facts) == CHUNK else None
                await asyncio.sleep(0)  # the service goes on with its batches
        return sums, looked_at, wrong


async def _chunk(table: FactTable[Any], connection: Connection, county: str, after: str) -> list[Any]:
    return await table.load(connection, "county = $1 and id > $2 order by id limit $3", county, after, CHUNK)
