"""Wrong cells of one contender after repeats, corrections, reorder, retractions and two kills."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import asyncpg

from shared.contracts.catalogue import PERSON, SEGMENT
from shared.edge.produce import make_producer, publish
from tests.bench.family import NPS
from tests.bench.side_by_side.contenders import Contender, Place
from tests.bench.side_by_side.following import Wrong, check, total, until_right
from tests.bench.side_by_side.truth import Truth
from tests.bench.stage import Running
from tests.bench.workload import Event, outgoing

KILLS: Final = 2
REPEATED: Final = 0.1  # of the events, in addition to the repeats of the simulation
_REACH: Final = 2000  # an event moves by up to so many places
_RATE: Final = 1000  # events a second
_SLICE: Final = 50  # events sent together
_WORKING_S: Final = 240.0  # how long a (re)started process may take to change a cell
_STALL_S: Final = 20.0  # the naive service never becomes right: how long it must stay as it is
_POLL_S: Final = 0.02
_SEED: Final = 4711


@dataclass(frozen=True, slots=True)
class Killed:
    """What is wrong in the end, and how long after the last event was sent the cells last changed."""

    wrong: Wrong
    settled_s: float


def hostile(events: Sequence[Event]) -> list[Event]:
    """The events with repeats, out of order."""
    random = Random(_SEED)
    chosen = [*events, *random.sample(list(events), int(len(events) * REPEATED))]
    # repeats lie anywhere in the log, everything else near its place
    places = [position + random.uniform(0, _REACH) for position in range(len(events))]
    places += [random.uniform(0, len(events)) for _ in range(len(chosen) - len(events))]
    return [event for _, event in sorted(zip(places, chosen, strict=True), key=lambda pair: pair[0])]


@dataclass(slots=True)
class _Sending:
    """How many events are sent, and how many may be: a third waits for the start that it is meant for."""

    allowed: int
    sent: int = 0


async def kills(place: Place, contender: Contender, events: Sequence[Event]) -> Killed:
    """Kill (SIGKILL) the contender twice while it works, in the middle of a third of the log, and restart it at once.

    The next third is sent after the restart, so that every process has something to do when it is killed.
    """
    await place.stage.topics(place.prefix, [NPS.topic, PERSON, SEGMENT])
    truth = Truth()
    truth.add(event.value for event in events)
    third = len(events) // (KILLS + 1)
    progress = _Sending(third)
    running = await contender.start(place)
    sending = asyncio.create_task(_send(place, events, progress))
    try:
        for number in range(1, KILLS + 1):
            await _until_working(place, contender, running, progress, third * number - third // 2)
            running.process.kill()
            await running.process.wait()
            running = await contender.start(place)
            progress.allowed = len(events) if number == KILLS else third * (number + 1)
        sent_at = await sending
        stall_s = _WORKING_S if contender.counts_right else _STALL_S
        expected = contender.truth(truth)
        settled_at, wrong = await until_right(place.database, contender, running, expected, stall_s=stall_s)
        return Killed(wrong, settled_at - sent_at)
    finally:
        sending.cancel()
        await running.stop()


async def _send(place: Place, events: Sequence[Event], progress: _Sending) -> float:
    """Send at a constant rate as far as is allowed, and return when the last one was sent."""
    producer = make_producer(place.stage.kafka, "bench-pace")
    await producer.start()
    try:
        while progress.sent < len(events):
            await asyncio.sleep(_SLICE / _RATE)
            chunk = list(events[progress.sent : min(progress.sent + _SLICE, progress.allowed)])
            await publish(producer, outgoing(chunk, NPS.topic, place.prefix))
            progress.sent += len(chunk)
        return time.perf_counter()
    finally:
        await producer.stop()


async def _until_working(place: Place, contender: Contender, running: Running, progress: _Sending, least: int) -> None:
    """Wait until `least` events are sent and the process has changed cells since the call, so that it is at work.

    Raises RuntimeError if it does not within four minutes.
    """
    connection = await asyncpg.connect(place.database.dsn())
    try:
        before = await total(connection, contender)
        deadline = time.perf_counter() + _WORKING_S
        while progress.sent < least or await total(connection, contender) == before:
            check(running)
            if time.perf_counter() > deadline:
                raise RuntimeError(f"does not change its cells\n{running.log.read_text()[-2000:]}")
            await asyncio.sleep(_POLL_S)
    finally:
        await connection.close()
