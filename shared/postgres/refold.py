"""Refolds: derive stored facts again after their registers changed, in chunks under the county's lock.

For every county, table `<schema>.refold` holds the version by which its facts were derived (`version`) and the version
of all registers with which they are known to agree (`registers`). A refold walks the fact tables, rewrites facts that
changed and folds the differences into the buckets. So figures move from old to new values and are never wrong by more
than the facts not yet processed. New facts keep arriving meanwhile. One that was derived by another version than the
county's restarts the refold.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

import asyncpg

from shared.postgres.facts import Change, FactTable
from shared.postgres.lease import Hold, unshared
from shared.postgres.lock import Connection, lock_county
from shared.postgres.registers import add_unit_rows
from shared.postgres.restated import Explained, by_registers
from shared.registers import Registers

CHUNK: Final = 2000  # facts per transaction: about 50 ms of lock
_MIXED: Final = "mixed"
_ANY_DAY: Final = date(2000, 1, 1)  # a unit that no register has is in its gap row on every day

# Even a fact derived by the version that the refold started from restarts it: the refold may already have passed the
# position of that fact.
_RECORD_VERSION: Final = """
insert into {schema}.refold as r (county, version, registers) values ($1, $2, $4)
on conflict (county) do update set version = $3, registers = '', target = null
where coalesce(r.target, r.version) <> $2
"""
_STATE: Final = "select version, target, table_index, after_id from {schema}.refold where county = $1"
_ADVANCE: Final = """
update {schema}.refold
set version = $5, registers = '', target = $2, table_index = $3, after_id = $4, changed_at = clock_timestamp()
where county = $1
"""
_DONE: Final = """
update {schema}.refold
set version = $2, registers = $3, target = null, changed_at = clock_timestamp() where county = $1
"""
_STALE: Final = """
select county from {schema}.refold where registers <> $1 and exists (
  select from reference.register_version where part = 'registers' and version = $1)
order by county
"""
_CURRENT: Final = "select version from reference.register_version where part = 'registers'"


Fold = Callable[[Connection, str, Explained], Awaitable[None]]
"""Folds changes of facts of a county into its buckets."""


Prepare = Callable[[Connection, str, str, Registers], Awaitable[tuple[int, str]]]
"""Stages the result of these registers for a chunk of a county, next to the active state. Returns how many results
differ and the last key of the chunk, `''` at the end."""


Report = Callable[[str | None], None]
"""Called with the county when its activation begins, and with None when it has ended."""


class StagedChange(NamedTuple):
    """A change that takes effect for a whole county at once: prepared in chunks, then activated."""

    prepare: Prepare
    activate: Callable[[Connection, str], Awaitable[None]]


@dataclass(frozen=True)
class Refold:
    """How the facts of a service follow from registers.

    `derive` returns the same object when nothing changes. `version` returns the version of everything that the facts
    depend on. The staged change comes after the tables. Until its activation, new facts have to update the
    staged state, too (see `is_current`).
    """

    schema: str
    tables: Sequence[FactTable[Any]]
    derive: Callable[[Any, Registers], Any]
    fold: Fold
    version: Callable[[Registers], str]
    staged_change: StagedChange | None = None

    async def record_version(self, connection: Connection, county: str, registers: Registers) -> None:
        """Record the version by which new facts of a county were derived. Its lock must be held."""
        version, statement = self.version(registers), _RECORD_VERSION.format(schema=self.schema)
        await connection.execute(statement, county, version, _MIXED, registers.version)

    async def is_current(self, connection: Connection, county: str, registers: Registers) -> bool:
        """Whether the active state of a county is derived by these registers. Its lock must be held."""
        state = await connection.fetchrow(_STATE.format(schema=self.schema), county)
        return state is not None and state["version"] == self.version(registers)

    async def run(
        self,
        pool: "asyncpg.Pool[asyncpg.Record]",
        registers: Registers,
        report: Report = lambda county: None,
        hold: Hold = unshared,
    ) -> int:
        """Refold every county by these registers, except those that another replica refolds. Returns the number of
        changed facts and staged results.

        Does nothing while the database holds another version of the registers: the service that loaded that version
        refolds by it.
        """
        changed = 0
        for row in await pool.fetch(_STALE.format(schema=self.schema), registers.version):
            async with hold("refold", row["county"]) as held:
                while held and (step := await self.step(pool, row["county"], registers, report)) is not None:
                    changed += step
        return changed

    async def step(
        self,
        pool: "asyncpg.Pool[asyncpg.Record]",
        county: str,
        registers: Registers,
        report: Report = lambda county: None,
    ) -> int | None:
        """Run one transaction of a refold. Returns how much changed, or None when the county is done."""
        async with pool.acquire() as connection, connection.transaction():
            await lock_county(connection, self.schema, county)
            return await self._chunk(connection, county, registers, report)

    async def _chunk(self, connection: Connection, county: str, registers: Registers, report: Report) -> int | None:
        version = self.version(registers)
        state = await connection.fetchrow(_STATE.format(schema=self.schema), county)
        assert state is not None  # rows of counties are never deleted
        if await connection.fetchval(_CURRENT) != registers.version:
            return None  # they changed again: the service that loaded those continues
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
                    await self.staged_change.activate(connection, county)
                finally:
                    report(None)
            await connection.execute(_DONE.format(schema=self.schema), county, version, registers.version)
            return None
        table_index += not after
        await connection.execute(_ADVANCE.format(schema=self.schema), county, version, table_index, after, _MIXED)
        return changed

    async def _walk(
        self, connection: Connection, county: str, table: FactTable[Any], after: str, registers: Registers
    ) -> tuple[int, str]:
        """Refold a chunk of a table. Returns how many facts changed, and the last id, `''` at the end."""
        facts = await table.load(connection, "county = $1 and id > $2 order by id limit $3", county, after, CHUNK)
        derived = ((fact, self.derive(fact, registers)) for fact in facts if not fact.retracted)
        changes = [Change(old, new) for old, new in derived if new is not old]
        await ensure_unit_rows(connection, registers, (change.new for change in changes))
        await table.update_derived(connection, county, [change.new for change in changes])
        await self.fold(connection, county, Explained(changes, by_registers))
        return len(changes), facts[-1].id if len(facts) == CHUNK else ""


async def ensure_unit_rows(connection: Connection, registers: Registers, facts: Iterable[Any]) -> None:
    """Add the unit rows of facts whose unit is not in the registers (any more), so that views find them."""
    known = registers.known_units
    unregistered = {
        (fact.county, fact.unit)
        for fact in facts
        if fact.unit is not None and fact.unit not in known.get(fact.county, ())
    }
    if unregistered:
        await add_unit_rows(connection, (registers.unit_row(*unit, _ANY_DAY) for unit in sorted(unregistered)))
