"""Compares our service, the naive service and stream frameworks at the same nps job."""

import contextlib
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from statistics import median
from typing import TypeVar

from aiokafka.errors import KafkaError

from tests.bench.comparison import Summary, summary
from tests.bench.freshness import Freshness
from tests.bench.side_by_side.contenders import Contender, Place, contenders
from tests.bench.side_by_side.following import Wrong
from tests.bench.side_by_side.kills import Killed, hostile, kills
from tests.bench.side_by_side.race import Race, race
from tests.bench.sizes import Sizes
from tests.bench.stage import Stage
from tests.bench.workload import Event

_T = TypeVar("_T")


@dataclass(slots=True)
class Side:
    """One contender. `wrong` is after the backlogs, at worst; None if not all of them was read. `fresh` is None if it
    fell behind 200 events a second."""

    version: str
    rates: Summary
    kafka_us: float
    wrong: Wrong | None
    fresh: Freshness | None
    killed: Killed


@dataclass(slots=True)
class SideBySide:
    """All contenders, and the reasons why others could not run."""

    events: int
    killed_events: int
    sides: dict[str, Side] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


async def side_by_side(stage: Stage, events: list[Event], sizes: Sizes, report: Callable[[str], None]) -> SideBySide:
    """Measure every contender that can be installed. One that fails is missing, with the reason."""
    log = hostile(events[: sizes.killed])
    found = SideBySide(len(events), len(log))
    running, found.missing = contenders(report)
    races: dict[str, list[Race]] = {contender.name: [] for contender in running}
    for number in range(sizes.rounds):
        last = number == sizes.rounds - 1
        for contender in [one for one in running if one.name not in found.missing]:
            fresh_s = sizes.fresh_s if last else 0.0
            max_seconds = 600.0 if contender.counts_right else sizes.naive_s
            try:
                place = await _place(stage, contender, f"race{number}")
                one = await _at(place, race(place, contender, events, fresh_s, max_seconds))
                races[contender.name].append(one)
                report(f"nps, {contender.name}: {one.measured.rate:.0f} events/s, {one.wrong.cells} cells wrong")
                if last:
                    place = await _place(stage, contender, "kills")
                    killed = await _at(place, kills(place, contender, log))
                    report(f"nps, {contender.name}: {killed.wrong.cells} cells wrong after kills")
                    found.sides[contender.name] = _side(contender, races[contender.name], killed)
            except (RuntimeError, TimeoutError) as error:
                found.missing[contender.name] = str(error).splitlines()[0] if str(error) else "too late"
                report(f"nps, {contender.name} failed: {error}")
    return found


async def _place(stage: Stage, contender: Contender, what: str) -> Place:
    name = contender.name.lower().replace(" ", "-")
    return Place(stage, await stage.database(), f"{what}.{name}.", stage.folder / f"{what}-{name}")


async def _at(place: Place, measuring: Awaitable[_T]) -> _T:
    """Measure, then remove what was written."""
    try:
        return await measuring
    finally:
        await place.stage.drop(place.database)
        with contextlib.suppress(KafkaError):  # a busy broker; the topics are only in the way
            await place.stage.delete_topics(place.prefix)
        shutil.rmtree(place.folder, ignore_errors=True)


def _side(contender: Contender, races: list[Race], killed: Killed) -> Side:
    measured = [one.measured for one in races]
    wrong = max((one.wrong for one in races), key=lambda one: one.cells) if contender.counts_right else None
    return Side(
        contender.version, summary(measured), median(one.kafka_us for one in measured), wrong, races[-1].fresh, killed
    )
