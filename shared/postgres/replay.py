"""Replays: recompute everything that follows from facts, compare it with what is stored, repair what differs.

Four things follow from facts: persons, derived fields (what a fact takes from its neighbours, registers and histories),
buckets, and stored cells. Like a refold, a replay walks the facts of a county in chunks under its lock, and repairs
derived fields as ordinary changes. Then it sums the contributions of all facts in one snapshot, without the lock, and
compares the sums with the buckets of that snapshot. It adds the differences under the lock. Writers only ever add
deltas to buckets, so an error stays the same, however many writes came in between. An audit does the same in one
snapshot and changes nothing.
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
from shared.postgres.lock import Connection, locked_repair
from shared.postgres.refold import CHUNK, Fold
from shared.postgres.restated import Explained, by_repair
from shared.postgres.sums import Sums
from shared.registers import Registers

Rederive = Callable[[Connection, str, Sequence[Any], Registers], Awaitable[Sequence[Any]]]
"""Recomputes facts of one table, none of them retracted. Returns them in the same order, and the same object for each
fact that is right."""

Persons = Callable[[Connection, str, str, Registers, bool], Awaitable[tuple[int, int, str]]]
"""Recomputes what follows from registers and all facts of a person, for a chunk of a county's persons after a key.
Returns how many persons there were, how many were wrong, and the last key, `''` at the end. True: also repair them."""


class Findings(NamedTuple):
    """How much was checked, and how much of it was wrong."""

    facts: int = 0
    wrong_facts: int = 0
    cells: int = 0
    wrong_cells: int = 0

    def __add__(self, other: Any) -> "Findings":
        return Findings(*map(sum, zip(self, other, strict=True)))


@dataclass(frozen=True)
class Replay:
    """How everything of a family follows from its facts.

    `cells` checks the stored cells of a county and, if its second argument is True, repairs them. It returns how many
    there were and how many were wrong.
    """

    schema: str
    tables: Sequence[FactTable[Any]]
    measures: Sequence[Measure]
    contributions: Callable[[Any], Iterable[Contribution]]
    rederive: Rederive
    fold: Fold
    persons: Persons | None = None
    clients: Clients | None = None
    cells: Callable[[str, bool], Awaitable[tuple[int, int]]] | None = None

    async def audit(self, pool: Pool, registers: Registers) -> Findings:
        """Compare everything with its recomputation, county by county. Changes nothing."""
        found = Findings()
        for county in await self._counties(pool):
            found += await self.audit_county(pool, county, registers)
        return found

    async def audit_county(self, pool: Pool, county: str, registers: Registers) -> Findings:
        """Compare everything of a county with its recomputation. Changes nothing."""
        found = Findings()
        async with pool.acquire() as connection, snapshot(connection):
            if self.clients is not None:
                found += Findings(*await self.clients.inspect(connection, county))
            found += await self._audit_persons(connection, county, registers)
            sums, facts, wrong = await self._sum_facts(connection, county, registers)
            found += Findings(facts, wrong, await sums.stored())
            async for _, _, rows in sums.differences():
                found += Findings(0, 0, 0, len(rows))
        return found + await self._cells(county, repair=False)

    async def run(self, pool: Pool, registers: Registers) -> Findings:
        """Repair what is wrong. Returns what was found."""
        found = Findings()
        for county in await self._counties(pool):
            found += await self._repair_clients(pool, county)
            found += await self._repair_facts(pool, county, registers)
            found += await self._repair_buckets(pool, county)
            found += await self._cells(county, repair=True)
        return found

    async def _repair_buckets(self, pool: Pool, county: str) -> Findings:
        """Repair buckets chunk by chunk: the difference of one bucket does not depend on another."""
        async with pool.acquire() as connection, locked_repair(connection, self.schema, county), snapshot(connection):
            sums, _, _ = await self._sum_facts(connection, county, None)
            found = Findings(0, 0, await sums.stored())
            async for measure, grain, rows in sums.differences():
                async with locked(pool, self.schema, county) as writer:
                    await add_rows(writer, self.schema, county, measure, grain, rows)
                found += Findings(0, 0, 0, len(rows))
        return found

    async def _counties(self, pool: Pool) -> list[str]:
        return [row["county"] for row in await pool.fetch(f"select county from {self.schema}.refold order by county")]

    async def _cells(self, county: str, repair: bool) -> Findings:
        return Findings(0, 0, *(await self.cells(county, repair) if self.cells else (0, 0)))

    async def _audit_persons(self, connection: Connection, county: str, registers: Registers) -> Findings:
        found, after = Findings(), ""
        while self.persons is not None:
            checked, wrong, after = await self.persons(connection, county, after, registers, False)
            found += Findings(checked, wrong)
            if not after:
                break
        return found

    async def _repair_clients(self, pool: Pool, county: str) -> Findings:
        if self.clients is None:
            return Findings()
        async with pool.acquire() as connection, snapshot(connection):
            found = Findings(*await self.clients.inspect(connection, county))
        if found.wrong_facts:
            await self.clients.repair(pool, county)
        return found

    async def _repair_facts(self, pool: Pool, county: str, registers: Registers) -> Findings:
        found, after = Findings(), ""
        while self.persons is not None:
            async with locked(pool, self.schema, county) as connection:
                checked, wrong, after = await self.persons(connection, county, after, registers, True)
            found += Findings(checked, wrong)
            if not after:
                break
        for table in self.tables:
            last: str | None = ""
            while last is not None:
                async with locked(pool, self.schema, county) as connection:
                    facts = await _chunk(table, connection, county, last)
                    changes = await self._wrong(connection, county, facts, registers)
                    await table.update_derived(connection, county, [change.new for change in changes])
                    await self.fold(connection, county, Explained(changes, by_repair))
                found += Findings(len(facts), len(changes))
                last = facts[-1].id if len(facts) == CHUNK else None
        return found

    async def _wrong(
        self, connection: Connection, county: str, facts: Sequence[Any], registers: Registers
    ) -> list[Change[Any]]:
        live = [fact for fact in facts if not fact.retracted]
        derived = await self.rederive(connection, county, live, registers) if live else live
        return [Change(old, new) for old, new in zip(live, derived, strict=True) if new is not old]

    async def _sum_facts(
        self, connection: Connection, county: str, registers: Registers | None
    ) -> tuple[Sums, int, int]:
        """Sum the contributions of all facts of a county. With registers, wrong facts are summed as corrected.

        Returns the sums, the number of facts, and how many were wrong.
        """
        sums, checked, wrong = Sums(connection, self.schema, county, self.measures), 0, 0
        await sums.create()
        for table in self.tables:
            last: str | None = ""
            while last is not None:
                facts = await _chunk(table, connection, county, last)
                changes = [] if registers is None else await self._wrong(connection, county, facts, registers)
                corrected = {change.old.id: change.new for change in changes if change.old is not None}
                await sums.add(self.contributions(corrected.get(fact.id, fact)) for fact in facts)
                checked, wrong = checked + len(facts), wrong + len(changes)
                last = facts[-1].id if len(facts) == CHUNK else None
                await asyncio.sleep(0)  # lets the service process batches
        return sums, checked, wrong


async def _chunk(table: FactTable[Any], connection: Connection, county: str, after: str) -> list[Any]:
    return await table.load(connection, "county = $1 and id > $2 order by id limit $3", county, after, CHUNK)
