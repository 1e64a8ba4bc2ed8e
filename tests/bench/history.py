"""The rate with history: the same service on a database that holds more and more facts.

What the service wrote itself is copied with other ids into earlier times, facts and buckets alike, until the size is
there; that takes a minute where the service would take ten. Then fresh events go through the service as ever.
"""

from collections.abc import Callable
from statistics import median
from typing import Any, Final

import asyncpg

from services.nps.domain import MEASURES
from services.nps.store import FEEDBACK, INVITATIONS, RESPONSES
from shared.contracts.catalogue import FEEDBACK as TOPIC
from shared.contracts.catalogue import PERSON
from shared.postgres.facts import FactTable
from tests.bench.measure import Measured, watch
from tests.bench.sizes import Sizes
from tests.bench.stage import Database, Stage, group_of
from tests.bench.workload import Event, outgoing, salted

TABLES: Final[tuple[FactTable[Any], ...]] = (INVITATIONS, RESPONSES, FEEDBACK)
_APART: Final = 100  # days between a copy and the next, more than the log is long


async def history(
    stage: Stage, events: list[Event], sizes: Sizes, say: Callable[[str], None], *, scattered: bool
) -> tuple[dict[int, float], Database]:
    """Number of facts to events a second, and the database at its largest."""
    kind = "scattered" if scattered else "growing"
    database = await stage.database()
    events = events[: sizes.slice_events]
    await _measure(stage, database, events, f"{kind}-0.", scattered)
    found: dict[int, float] = {}
    for size in sizes.histories if scattered else (sizes.histories[0], sizes.histories[-1]):
        await grow(stage, database, size, scattered=scattered)
        rates = []
        for number in range(sizes.slices):
            measured = await _measure(stage, database, events, f"{kind}-{size}-{number}.", scattered)
            rates.append(measured.rate)
            say(f"{size} facts, {kind} ids: {measured.rate:.0f} events/s")
        found[size] = median(rates)
    return found, database


async def _measure(stage: Stage, database: Database, events: list[Event], prefix: str, scattered: bool) -> Measured:
    await stage.topics(prefix, [TOPIC, PERSON])
    await stage.publish(outgoing(salted(events, prefix, scattered=scattered), prefix))
    running = await stage.service("nps", database, prefix)
    try:
        return await watch(stage, running, [group_of("nps", TOPIC, prefix)], len(events))
    finally:
        await running.stop()


async def grow(stage: Stage, database: Database, size: int, *, scattered: bool) -> None:
    """Double the facts until there are `size`; then leave the server as it is long after: analysed and written out."""
    doubled = 0
    while (there := await _facts(database)) < size:
        share = min(1.0, (size - there) / there)
        doubled += 1
        salt = f"{size}-{doubled}-"
        shift = _APART * 2**doubled
        await stage.execute(database, *_doubling(salt, shift, share, scattered))
    await stage.execute(database, "vacuum analyze", "checkpoint")


async def _facts(database: Database) -> int:
    connection = await asyncpg.connect(database.dsn())
    try:
        counts = [await connection.fetchval(f"select count(*) from {table.name}") for table in TABLES]
    finally:
        await connection.close()
    return sum(counts)


def _doubling(salt: str, shift: int, share: float, scattered: bool) -> list[str]:
    def id(name: str) -> str:
        return f"md5('{salt}' || {name})" if scattered else f"'{salt}' || {name}"

    def changed(name: str, kind: str) -> str:
        if name in ("id", "invitation_id"):
            return id(name)
        return {"date": f"{name} - {shift}", "timestamptz": f"{name} - interval '{shift} days'"}.get(kind, name)

    statements = []
    for table in TABLES:
        values = ", ".join(changed(*column) for column in table.columns.items())
        statements.append(
            f"insert into {table.name} (county, {', '.join(table.columns)}) select county, {values} "
            f"from {table.name} limit {share} * (select count(*) from {table.name})"
        )
    for measure in MEASURES:
        keys = ("unit_row", *measure.codes, *measure.counts)
        for grain, day, more in (
            ("day", f"day - {shift}", ()),
            ("month", f"date_trunc('month', month - {shift})::date", ("channel", "segment")),
        ):
            names = ", ".join((*more, *keys))
            statements.append(
                f"insert into nps.{measure.name}_{grain} (county, {grain}, {names}) "
                f"select county, {day}, {names} from nps.{measure.name}_{grain} on conflict do nothing"
            )
    return statements
