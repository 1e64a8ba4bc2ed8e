"""Compares the naive service, ours and the bare loop on one log; ours also replays the log."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Final

from shared.contracts.catalogue import PERSON, SEGMENT
from tests.bench.family import Family
from tests.bench.measure import Measured, watch
from tests.bench.sizes import Sizes
from tests.bench.stage import Database, Stage, group_of
from tests.bench.workload import Event, outgoing, salted

NAIVE: Final = "naive"
OURS: Final = "ours"
BARE: Final = "bare"
REPLAY: Final = "replay"
_PREFIX: Final = "comparison."


@dataclass(frozen=True, slots=True)
class Summary:
    """Medians over the rounds."""

    rate: float
    slowest: float
    fastest: float
    service_us: float
    postgres_us: float
    peak_mib: float


def summary(rounds: list[Measured]) -> Summary:
    """Summarise several rounds."""
    rates = [r.rate for r in rounds]
    return Summary(
        rate=median(rates),
        slowest=min(rates),
        fastest=max(rates),
        service_us=median(r.service_us for r in rounds),
        postgres_us=median(r.postgres_us for r in rounds),
        peak_mib=max(r.peak_mib for r in rounds),
    )


async def compare(
    stage: Stage, family: Family, events: list[Event], sizes: Sizes, report: Callable[[str], None]
) -> dict[str, Summary]:
    """Measure each service, and return its summary.

    Every round starts with an empty database; the replay runs on the round's database.
    """
    await stage.topics(_PREFIX, [family.topic, PERSON, SEGMENT])
    await stage.publish(outgoing(salted(events, "c"), family.topic, _PREFIX))
    found: dict[str, list[Measured]] = defaultdict(list)
    for _ in range(sizes.rounds):
        for name in (NAIVE, OURS, BARE):
            database = await stage.database()
            max_seconds = sizes.naive_s if name == NAIVE else 600.0
            found[name].append(await run(stage, family, name, database, len(events), max_seconds))
            report(f"{family.name}, {name}: {found[name][-1].rate:.0f} events/s")
            if name == OURS:
                found[REPLAY].append(await run(stage, family, name, database, len(events)))
                report(f"{family.name}, {REPLAY}: {found[REPLAY][-1].rate:.0f} events/s")
            await stage.drop(database)
    return {name: summary(rounds) for name, rounds in found.items()}


async def run(
    stage: Stage, family: Family, name: str, database: Database, total: int, max_seconds: float = 600.0
) -> Measured:
    """Measure one of them over the whole log."""
    topic = _PREFIX + family.topic.name
    group = group_of(family.name, family.topic, _PREFIX) if name == OURS else f"{topic}.{name}"
    await stage.rewind(group, topic)
    if name == OURS:
        running = await stage.service(family.name, database, _PREFIX)
    else:
        running = await stage.peer(name, family.name, database, topic, group)
    try:
        return await watch(stage, running, [group], total, max_seconds)
    finally:
        await running.stop()
