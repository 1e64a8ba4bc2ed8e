"""Deriving stored facts anew when the registers they depend on changed: in chunks, under the county's lock.

Table `<schema>.refold` says of every county by which version of what its facts depend on they were derived, and
with which `registers` as a whole it is known to agree. A refold
walks the fact tables, rewrites what comes out differently and folds the difference into the buckets, so figures
move from old to new without ever being wrong by more than the facts not yet reached. New facts go on arriving
meanwhile; one that was derived by another version than the county's starts the refold over.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

import asyncpg

from shared.postgres.facts import Change, FactTable
from shared.postgres.lock import Connection, lock_counties
from shared.postgres.registers import add_unit_rows
from shared.registers import Registers

CHUNK: Final = 2000  # facts a transaction: about 50 ms of lock
_MIXED: Final = "mixed"
_ANY_DAY: Final = date(2000, 1, 1)  # a unit that no register has is in its gap row on every day

# A fact by the version that a refold comes from stands in its way as much as one by any other: the place where it
# belongs may be behind it already.
_ADMIT: Final = """
insert into {schema}.refold as r (county, version, registers) values ($1, $2, $4)
on conflict (county) do update set version = $3, registers = '', target = null
where coalesce(r.target, r.version) <> $2
"""
_STATE: Final = "select version, target, table_index, after_id from {schema}.refold where county = $1"
_MOVE: Final = """
update {schema}.refold
set version = $5, registers = '', target = $2, table_index = $3, after_id = $4, changed_at = clock_timestamp()
where county = $1
"""
_DONE: Final = """
update {schema}.refold
set version = $2, registers = $3, target = null, changed_at = clock_timestamp() where county = $1
"""
_CURRENT: Final = "select version from reference.register_version where part = 'registers'"


Fold = Callable[[Connection, str, Iterable[Change[Any]]], Awaitable[None]]
"""Let buckets follow changes of facts of a county."""


Prepare = Callable[[Connection, str, str, Registers], Awaitable[tuple[int, str]]]
"""Stage what these registers say of a chunk of a county, beside what is active: for how
many that is another, and the table_index it came to, `''` at the end."""


Report = Callable[[str | None], None]
"""Hear of the county for which what was prepared comes into force from now on, and of None when that has ended."""


class StagedChange(NamedTuple):
    """What changed registers change for a whole county at once: prepared in chunks, then brought into force."""

    prepare: Prepare
    swap: Callable[[Connection, str], Awaitable[None]]


@dataclass(frozen=True)
class Refold:
    """How the facts of a service follow from registers.

    `derive` returns the same object when nothing changes. `version` names what the facts depend on. What is to change
    at once comes after the tables; until then, what new facts change of it is for `prepare` too (see `is_current`).
    """

    schema: str
    tables: Sequence[FactTable[Any]]
    derive: Callable[[Any, Registers], Any]
    fold: Fold
    version: Callable[[Registers], str]
    staged_change: StagedChange | None = None

    async def record_version(self, connection: Connection, county: str, registers: Registers) -> None:
        """Say by which version new facts of a county were derived; its lock must be held."""
        version = self.version(registers)
        await connection.execute(_ADMIT.format(schema=self.schema), county, version, _MIXED, registers.version)

    async def is_current(self, connection: Connection, county: str, registers: Registers) -> bool:
        """Whether what is in force in a county is by these registers; its lock must be held."""
        state = await connection.fetchrow(_STATE.format(schema=self.schema), county)
        return state is not None and state["version"] == self.version(registers)

    async def run(
        self, pool: "asyncpg.Pool[asyncpg.Record]", registers: Registers, report: Report = lambda county: None
    ) -> int:
        """Bring every county to these registers; returns how much changed: facts, and what was prepared.

        Does nothing while the database holds other registers: whoever loaded those refolds by them.
        """
        async with pool.acquire() as connection:
            if await connection.fetchval(_CURRENT) != registers.version:
                return 0
            stale = await connection.fetch(
                f"select county from {self.schema}.refold where registers <> $1 order by county", registers.version
            )
        changed = 0
        for row in stale:
            while (step := await self.step(pool, row["county"], registers, report)) is not None:
                changed += step
        return changed

    async def step(
        self,
        pool: "asyncpg.Pool[asyncpg.Record]",
        county: str,
        registers: Registers,
        report: Report = lambda county: None,
    ) -> int | None:
        """One transaction of a refold: how much changed, or None when the county is done."""
        async with pool.acquire() as connection, connection.transaction():
            await lock_counties(connection, self.schema, [county])
            return await self._chunk(connection, county, registers, report)

    async def _chunk(self, connection: Connection, county: str, registers: Registers, report: Report) -> int | None:
        version = self.version(registers)
        state = await connection.fetchrow(_STATE.format(schema=self.schema), county)
        assert state is not None  # counties are never forgotten
        if await connection.fetchval(_CURRENT) != registers.version:
            return None  # they changed again: whoever loaded those goes on
        if state["version"] == version:
            await connection.execute(_DONE.format(schema=self.schema), county, version, registers.version)
            return None
        begun = state["target"] == version
        table_index, after = (state["table_index"], state["after_id"]) if begun else (0, "")
        changed = 0
        if table_index < len(self.tables):
            changed, after = await self._walk(connection, county, self.tables[table_index], after, registers)
        elif self.staged_change is not None and table_index == len(self.tables):
            changed, after = await self.staged_change.prepare(connection, county, after, registers)
        else:
            if self.staged_change is not None:
                report(county)
                try:
                    await self.staged_change.swap(connection, county)
                finally:
                    report(None)
            await connection.execute(_DONE.format(schema=self.schema), county, version, registers.version)
            return None
        table_index += not after
        await connection.execute(_MOVE.format(schema=self.schema), county, version, table_index, after, _MIXED)
        return changed

    async def _walk(
        self, connection: Connection, county: str, table: FactTable[Any], after: str, registers: Registers
    ) -> tuple[int, str]:
        """A chunk of a table: how many facts changed, and the last id, `''` at the end."""
        facts = await table.load(connection, "county = $1 and id > $2 order by id limit $3", county, after, CHUNK)
        derived = ((fact, self.derive(fact, registers)) for fact in facts if not fact.retracted)
        changes = [Change(old, new) for old, new in derived if new is not old]
        await ensure_unit_rows(connection, registers, (change.new for change in changes))
        await table.update_derived(connection, county, [change.new for change in changes])
        await self.fold(connection, county, changes)
        return len(changes), facts[-1].id if len(facts) == CHUNK else ""


async def ensure_unit_rows(connection: Connection, registers: Registers, facts: Iterable[Any]) -> None:
    """Make sure that views know the unit rows of facts whose unit the registers lack (any more)."""
    known = registers.known_units
    strangers = {
        (fact.county, fact.unit)
        for fact in facts
        if fact.unit is not None and fact.unit not in known.get(fact.county, ())
    }
    if strangers:
        await add_unit_rows(connection, (registers.unit_row(*s, _ANY_DAY) for s in sorted(strangers)))
