"""Closes periods in tests, and compares the facts that changed since with the change of the exact figures."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import asyncpg

from deploy.hva.closing import Edition, close, connect, period_to_close
from deploy.hva.restated_facts import not_additive, restated_facts, totals
from shared.disclosure.model import VIEWS
from shared.publication import restate
from shared.publication.protection import keys_of, views_of
from shared.publication.publish import publish
from shared.publication.snapshot import CountyYear
from tests.product import Database

COUNTY = "oma-hame"
SAMPLE = 80
"""How many changed cells, and how many unchanged ones, are compared at most."""
NOW = datetime(2027, 1, 5, 9, tzinfo=UTC)

COMMON = "common_client"
OTHERS = {"access": ("transfers",)}

Cells = dict[tuple[str, tuple[str, ...]], dict[str, Any]]
"""The exact rows of a period by view and keys."""


class Closing:
    """Closes and publishes as `hva close` and the families do, and reads what changed, as the steward."""

    def __init__(self, database: Database, families: Iterable[str], steward: Any) -> None:
        self.database, self.families, self.steward = database, tuple(families), steward
        self.now = NOW

    async def publish(self, county: str, year: int, families: Iterable[str] | None = None) -> None:
        for family in [family for family in self.families if families is None or family in families]:
            connection = await asyncpg.connect(self.database.dsn(f"hva_{family}"))
            try:
                assert await publish(connection, family, CountyYear(county, year), self.now)
            finally:
                await connection.close()

    async def close(self, period: str, note: str | None = None) -> Edition:
        return await close(self.steward, COUNTY, period_to_close(period, NOW), "steward", note, self.publish, self.now)

    async def restatements(self, period: str) -> dict[tuple[str, str, str, str], Any]:
        """Restatements of rows with channel and segment 'all', by view, scope level, scope and column."""
        rows = await self.steward.fetch(
            "select *, keys ->> 'scope_level' as level, keys ->> 'scope' as scope from report.restatement "
            "where period = $1 and coalesce(keys ->> 'channel', 'all') = 'all' and keys ->> 'segment' = 'all'",
            period,
        )
        return {(row["view"], row["level"], row["scope"], row["column_name"]): row for row in rows}

    async def cells(self, period: str) -> Cells:
        """The exact figures of a period in all views of the families."""
        await self.steward.execute("select set_config('hva.as_of', $1, false)", self.now.isoformat())
        found: Cells = {}
        for view in (view for family in self.families for view in views_of(family)):
            for row in await self.steward.fetch(f"select * from figures.{view} where period = $1", period):
                found[view, tuple(str(row[key]) for key in keys_of(view))] = dict(row)
        return found

    async def differences(self, view: str, cell: tuple[str, ...]) -> dict[str, int]:
        """What `hva restatements --exact` adds up to in a cell."""
        wanted = dict(zip(keys_of(view), cell, strict=True))
        return totals(await restated_facts(self.steward, view, wanted))

    async def assert_explained(self, before: Cells, after: Cells, counts: Mapping[str, Iterable[str]]) -> int:
        """Every count that is a sum over facts changed by the sum of the contributions. Returns how many changed."""
        expected = {
            key: difference(before.get(key, {}), after.get(key, {}), counts.get(key[0], ())) for key in before | after
        }
        changed = [key for key, differences in sorted(expected.items()) if differences]
        same = sorted(expected.keys() - set(changed))[:: 1 + len(expected) // SAMPLE]
        for view, cell in (*changed[:: 1 + len(changed) // SAMPLE], *same):
            if view in counts:
                found = await self.differences(view, cell)
                found = {column: number for column, number in found.items() if number and column in counts[view]}
                assert found == expected[view, cell], (view, cell)
        return len(changed)

    async def assert_causes(self, period: str, before: Cells, after: Cells) -> None:
        """Every cell with another count has a cause, as the publisher names it; also counts that do not add up."""
        edition = {"period": period}
        for family in self.families:
            causes = await restate._causes(self.steward, family, COUNTY, edition)
            for view in views_of(family):
                columns = [*VIEWS[view].population, *VIEWS[view].categories, *not_additive(view, {"kind": COMMON})]
                for cell in {key for key in before | after if key[0] == view}:
                    if difference(before.get(cell, {}), after.get(cell, {}), columns):
                        keys = dict(zip(keys_of(view), cell[1], strict=True))
                        names = keys_of(view)[len(restate.FIXED) :]
                        assert restate._causes_of(causes, view, keys, names), cell


def difference(old: Mapping[str, Any], new: Mapping[str, Any], columns: Iterable[str]) -> dict[str, int]:
    """How the counts of a row changed."""
    changes = {column: (new.get(column) or 0) - (old.get(column) or 0) for column in columns}
    return {column: change for column, change in changes.items() if change}


def additive(family: str) -> dict[str, tuple[str, ...]]:
    """The counts of each view of a family that are sums over facts."""
    return {
        name: tuple(dict.fromkeys((*view.population, *view.categories, *OTHERS.get(name, ()))))
        for name, view in VIEWS.items()
        if view.family == family and view.additive
    }


async def steward_of(database: Database) -> Any:
    return await connect(database.dsn("hva_steward"))
