"""How fast one process of ingest validates, pseudonymises and publishes: lines of every stream, in their proportion."""

from collections.abc import Callable

from shared.contracts.catalogue import CARE, CONTACT, FEEDBACK, PERSON, RAW
from shared.edge.produce import Outgoing
from tests.bench.comparison import Summary, summary
from tests.bench.measure import watch
from tests.bench.sizes import Sizes
from tests.bench.stage import Stage, group_of

_PREFIX = "ingest."


async def ingesting(stage: Stage, records: list[Outgoing], sizes: Sizes, report: Callable[[str], None]) -> Summary:
    """Summarise all rounds; each one processes the same raw records."""
    topics = list(RAW.values())
    await stage.topics(_PREFIX, [*topics, FEEDBACK, CONTACT, CARE, PERSON])
    await stage.publish([record._replace(topic=_PREFIX + record.topic) for record in records])
    groups = [group_of("ingest", topic, _PREFIX) for topic in topics]
    database = await stage.database()
    rounds = []
    for _ in range(sizes.rounds):
        for topic, group in zip(topics, groups, strict=True):
            await stage.rewind(group, _PREFIX + topic.name)
        running = await stage.service("ingest", database, _PREFIX)
        try:
            rounds.append(await watch(stage, running, groups, len(records)))
        finally:
            await running.stop()
        report(f"ingest: {rounds[-1].rate:.0f} events/s")
    await stage.drop(database)
    return summary(rounds)
