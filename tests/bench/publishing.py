"""Freshness while the service publishes: events at a constant rate, with and without a publication, in turns.

The service itself publishes, as in production: a year of a county, requested again and again. The county has the events
of about 40,000 clients in that year, and the new events are of its last months, so that publications read the rows that
batches write. A loop in the idle scheduling class takes turns, too: it shows what mere computation costs the others.
"""

import asyncio
import itertools
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from statistics import median
from typing import Final

import asyncpg
import orjson

from shared.clock import system_clock
from shared.contracts.catalogue import PERSON, SEGMENT
from shared.edge.produce import make_producer
from shared.postgres.lock import Connection
from shared.publication.due import known
from tests.bench.family import Family
from tests.bench.freshness import COUNTIES, Freshness, Route, Visible, facts_query, freshness_of, pace, stop
from tests.bench.history import apply_events, count_facts, grow
from tests.bench.sizes import Sizes
from tests.bench.stage import Database, Stage
from tests.bench.workload import UNTIL, Event, salted

_COUNTY: Final = COUNTIES[0]
_YEAR: Final = UNTIL.year - 1
_EARLIER: Final = (UNTIL - date(UNTIL.year, 1, 1)).days  # the log ends with that year
_REQUEST: Final = "insert into {family}.publication_request (county, year) values ($1, $2) returning request"
_STATE: Final = """
select extract(epoch from started_at)::float8 as started, extract(epoch from ended_at)::float8 as ended, failed
from {family}.publication_request where request = $1
"""
_MARK: Final = """
insert into {family}.published (county, year, change_number, registers, published_at)
values ($1, $2, coalesce($3, 0), $4, $5)
"""
_ROWS: Final = "select rows from report.publication where (family, county, year) = ($1, $2, $3)"
_STEP: Final = 50  # events
_POLL_S: Final = 0.1
_TIMEOUT_S: Final = 900.0
_TURNS: Final = 4  # at least
SETTLE_S: Final = 1.0  # after a turn; part of nothing
_PAUSE_S: Final = 5.0  # at least


@dataclass(frozen=True, slots=True)
class Publishing:
    """Freshness without and during publications, and during a loop of the idle class. `seconds`: the mean duration of
    a publication."""

    without: Freshness
    during: Freshness
    idle_loop: Freshness
    publications: int
    seconds: float
    rows: int

    @property
    def ratio(self) -> float:
        """By how much p99 grows."""
        return self.during.p99 / self.without.p99


@dataclass(frozen=True, slots=True)
class Interval:
    """A publication or a loop, in seconds of `time.perf_counter`."""

    started: float
    ended: float

    @property
    def seconds(self) -> float:
        """Its duration."""
        return self.ended - self.started


@dataclass(frozen=True, slots=True)
class Turns:
    """Publications and loops of the idle class, which alternate."""

    publications: list[Interval] = field(default_factory=list)
    loops: list[Interval] = field(default_factory=list)


async def publishing(
    stage: Stage, family: Family, events: list[Event], sizes: Sizes, report: Callable[[str], None]
) -> Publishing:
    """Measure from canonical record to fact."""
    database, prefix = await stage.database(), f"publishing-{family.name}."
    await _fill(stage, family, database, events, prefix)
    report(f"{family.name}: {await count_facts(family, database)} facts of a year and more")
    await stage.topics(prefix, [family.topic, PERSON, SEGMENT])
    await stage.release_publications(database)
    service = await stage.service(family.name, database, prefix, HVA_PUBLISH_EVERY="86400")
    connection = await asyncpg.connect(database.dsn())
    producer = make_producer(stage.kafka, "bench-pace")
    await producer.start()
    try:
        turns = Turns()
        meanwhile = partial(_take_turns, connection, family, sizes.fresh_s, turns)
        route = Route(prefix + family.topic.name, raw=False, read=facts_query(family))
        visible = await pace(producer, database, [service], route, _endless(events), meanwhile)
        rows = await connection.fetchval(_ROWS, family.name, _COUNTY, _YEAR)
        number = len(turns.publications)
        mean_s = sum(turn.seconds for turn in turns.publications) / number
        found = Publishing(*split(visible, turns), number, mean_s, rows)
    finally:
        await connection.close()
        await producer.stop()
        await stop([service])
    await stage.drop(database)
    report(
        f"{family.name}: freshness p99 {found.without.p99:.0f} ms, while publishing {found.during.p99:.0f} ms,"
        f" ratio {found.ratio:.2f}, during an idle loop {found.idle_loop.p99:.0f} ms"
    )
    return found


async def _fill(stage: Stage, family: Family, database: Database, events: list[Event], prefix: str) -> None:
    """Let the database hold a whole year: the log, and copies of it that reach back to the first of January."""
    await apply_events(stage, family, database, salted(events, "there.", days=_EARLIER), f"filled-{prefix}")
    first, last = (date.fromisoformat(orjson.loads(event.value)["time"][:10]) for event in (events[0], events[-1]))
    days = (last - first).days + 1
    size = await count_facts(family, database) * math.ceil(365 / days)
    await grow(stage, family, database, size, scattered=True, interval=days)
    connection = await asyncpg.connect(database.dsn())
    try:
        now = system_clock()
        for row in await known(connection, family.name, now):  # only what is requested is published
            key = (row["county"], row["year"], row["change_number"], row["registers"], now)
            await connection.execute(_MARK.format(family=family.name), *key)
    finally:
        await connection.close()


def _endless(events: list[Event]) -> Iterator[Event]:
    """The log again and again with other ids, salted in small steps, which delay nothing for long."""
    for number in itertools.count():
        for start in range(0, len(events), _STEP):
            yield from salted(events[start : start + _STEP], f"paced-{number}.", days=_EARLIER)


async def _take_turns(connection: Connection, family: Family, seconds: float, turns: Turns) -> None:
    """Publish and run the loop in turns, until publications have taken `seconds`, and `_TURNS` times at least. The loop
    and each pause last as long as the publication before, and `_PAUSE_S` at least.
    """
    await asyncio.sleep(_PAUSE_S)
    while len(turns.loops) < _TURNS or sum(turn.seconds for turn in turns.publications) < seconds:
        turns.publications.append(await _publish(connection, family))
        length = max(_PAUSE_S, turns.publications[-1].seconds)
        await asyncio.sleep(length)
        turns.loops.append(await _run_idle_loop(length))
        await asyncio.sleep(length)


async def _run_idle_loop(seconds: float) -> Interval:
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bench.idle_loop", str(seconds))
    if await process.wait():
        raise RuntimeError("the idle loop failed")
    return Interval(started, time.perf_counter())


async def _publish(connection: Connection, family: Family) -> Interval:
    """Request a publication and wait for its end. Raises RuntimeError where it fails."""
    request = await connection.fetchval(_REQUEST.format(family=family.name), _COUNTY, _YEAR)
    deadline = time.monotonic() + _TIMEOUT_S
    while True:
        state = await connection.fetchrow(_STATE.format(family=family.name), request)
        assert state is not None
        if state["ended"]:
            break
        if time.monotonic() > deadline:
            raise RuntimeError("a publication does not end")
        await asyncio.sleep(_POLL_S)
    if state["failed"]:
        raise RuntimeError(f"a publication failed: {state['failed']}")
    since = time.time() - time.perf_counter()
    return Interval(state["started"] - since, state["ended"] - since)


def split(visible: Iterable[Visible], turns: Turns) -> tuple[Freshness, Freshness, Freshness]:
    """Freshness between turns, during publications and during loops, by when events were sent."""
    found = list(visible)
    taken = sorted([*turns.publications, *turns.loops], key=lambda turn: turn.started)
    from_ = [-math.inf, *(turn.ended + SETTLE_S for turn in taken)]
    until = [*(turn.started for turn in taken), math.inf]
    pauses = list(map(Interval, from_, until))
    return _typical(found, pauses), _typical(found, turns.publications), _typical(found, turns.loops)


def _typical(visible: Sequence[Visible], intervals: Sequence[Interval]) -> Freshness:
    """The median of what each interval shows, so that a pause of the machine in one of them does not decide."""
    latencies = ([one.latency for one in visible if i.started <= one.sent < i.ended] for i in intervals)
    each = [freshness_of(of_interval) for of_interval in latencies if of_interval]
    return Freshness(
        median(one.p50 for one in each),
        median(one.p99 for one in each),
        max(one.slowest for one in each),
        sum(one.events for one in each),
    )
