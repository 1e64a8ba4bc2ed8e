"""Why `report` holds stored tables: a view over exact figures with the same rules gives hidden numbers away.

Each test publishes such a view in a schema of its own, to `hva_reader`, and breaks it. The same attack on the stored
table finds nothing.
"""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import asyncpg
import pytest

from shared.publication.publish import publish
from tests.product import Database
from tests.store import fcr_harness
from tests.store.fcr_harness import DAY, HOUR, START, contact
from tests.store.readers import as_owner
from tests.store.test_nps_store import Store, nps, pool, registers
from tests.store.test_publication import NOW, UNIT, family, fill, reader

__all__ = ["family", "nps", "pool", "reader", "registers"]

_HIDDEN = "scope_level = 'unit' and scope = 'tauko' and period = '2026-03' and channel = 'all' and segment = 'all'"
# The number as it is in a row that is shown, NULL in one that is hidden.
_ACCESS = """
select county, period_kind, period, scope_level, scope, channel, segment, inbound < 5 as suppressed,
  case when inbound >= 5 then inbound end as inbound, case when inbound >= 5 then with_promise end as with_promise,
  case when inbound >= 5 then promise_kept end as promise_kept
from figures.access
"""


async def _publish_view(database: Database, text: str, options: str = "") -> None:
    await as_owner(
        database,
        # Functions in a view run with the rights of who reads it.
        "create schema attacked; grant usage on schema attacked, reference, fcr to hva_reader",
        "grant select on reference.unit_scope to hva_reader",
        f"create view attacked.figure {options} as {text}",
        "grant select on attacked.figure to hva_reader",
    )


@pytest.fixture
async def published(nps: Store, family: Any) -> None:
    await fill(nps)
    assert await publish(family, "nps", UNIT, NOW)


@pytest.fixture
async def fcr(database: Database) -> AsyncIterator[fcr_harness.Store]:
    async with fcr_harness.open_store(database) as store:
        yield store


async def _count_by_division_error(reader: Any, relation: str) -> int | None:
    """The hidden number of answers: the condition divides by zero on a row before the view filters it out."""
    for guess in range(1, 10):
        try:
            await reader.fetch(f"select from {relation} where {_HIDDEN} and 1 / (n - {guess}) is not null")
        except asyncpg.DivisionByZeroError:
            return guess
    return None


async def test_failing_condition_reveals_rows_that_a_view_filters_out(
    published: None, reader: Any, database: Database
) -> None:
    large = (
        "create function attacked.is_large(n bigint) returns boolean language plpgsql as 'begin return n >= 10; end'"
    )
    await as_owner(database, "create schema attacked", large, "grant usage on schema attacked to hva_reader")
    await as_owner(
        database,
        "create view attacked.figure as select * from figures.nps where attacked.is_large(n)",
        "grant select on attacked.figure to hva_reader",
    )
    assert await reader.fetch(f"select from attacked.figure where {_HIDDEN}") == []
    assert await _count_by_division_error(reader, "attacked.figure") == 8
    assert await _count_by_division_error(reader, "report.nps") is None


async def _open_promises(reader: Any, relation: str, as_of: datetime) -> int | None:
    """How many contacts of the hidden row wait for an answer: the number of facts that the plan has read."""
    await reader.execute("select set_config('hva.as_of', $1, false)", as_of.isoformat())
    plan = await reader.fetch(f"explain (analyze, timing off, summary off) select * from {relation} where {_HIDDEN}")
    read = [re.search(r"on contact.*actual rows=(\d+)", row[0]) for row in plan]
    return sum(int(found[1]) for found in read if found) if any(read) else None


async def test_query_plan_reveals_counts_that_a_view_sets_to_null(
    fcr: fcr_harness.Store, reader: Any, database: Database
) -> None:
    await fcr.feed(*(_waiting(f"c{n}", n) for n in range(3)))
    await _publish_view(database, _ACCESS, "with (security_barrier)")
    (row,) = await reader.fetch(f"select * from attacked.figure where {_HIDDEN}")
    assert row["suppressed"] and (row["inbound"], row["with_promise"]) == (None, None)
    assert await _open_promises(reader, "attacked.figure", START) == 3
    assert await _open_promises(reader, "report.access", START) is None


async def _promises_by_hour(reader: Any, relation: str) -> list[int]:
    """The number of promises of a shown row at each hour of a day."""
    found = list[int]()
    for hour in range(24):
        await reader.execute("select set_config('hva.as_of', $1, false)", (START + hour * HOUR).isoformat())
        query = f"select with_promise from {relation} where {_HIDDEN}"
        found.append(sum(row[0] for row in await reader.fetch(query)))
    return found


async def test_as_of_time_of_a_view_reveals_single_contacts(
    fcr: fcr_harness.Store, reader: Any, database: Database
) -> None:
    await fcr.feed(*(_waiting(f"c{n}", 2 * n) for n in range(6)))
    await _publish_view(database, _ACCESS)
    async with fcr.pool.acquire() as connection:
        assert await publish(connection, "fcr", UNIT, NOW)
    seen = await _promises_by_hour(reader, "attacked.figure")
    due = [hour for hour, (before, now) in enumerate(zip([0, *seen], seen, strict=False)) if now - before == 1]
    assert due == [1, 3, 5, 7, 9, 11]  # when the promise to each of the six callers ended
    assert set(await _promises_by_hour(reader, "report.access")) == {6}


def _waiting(id: str, hours: int) -> Any:
    """A contact without an answer, whose promise ends after some hours and half of one."""
    promised = START + hours * HOUR + HOUR / 2
    return contact(id, START - DAY, unit="tauko", answered_at=None, outcome=None, promised_by=promised)
