"""Another writer holds the lock of a county for long: its events wait, those of all other counties count at once."""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import asyncpg

from shared.postgres.lock import SERVICE_NUMBERS, county_number
from tests.fault.events import COUNTY, contact_recorded, feedback_answered, service_event
from tests.fault.harness import FAMILIES, Harness, start_together
from tests.fault.workload import workload_of
from tests.replica import Replica, wait_until

OTHER, OTHER_UNIT = "pirha", "keskus"
FACTS = {"nps": "nps.response", "fcr": "fcr.contact", "segments": "segments.service_event"}


def lines_of(county: str, ids: Iterable[str]) -> list[bytes]:
    """An answer, a contact and a service event for each id, of one client each, so that they are in all partitions."""
    lines = []
    for id in ids:
        for make in (feedback_answered, contact_recorded, service_event):
            event = json.loads(make(f"{county}-{id}", client={"local_id": f"A{id}"}))
            event["source"] = f"urn:hva:{county}:acd"
            event["data"]["unit"] = OTHER_UNIT if county == OTHER else event["data"]["unit"]
            lines.append(json.dumps(event).encode())
    return lines


@asynccontextmanager
async def locked(harness: Harness, county: str) -> AsyncIterator[None]:
    """Another session holds the lock of a county for every family."""
    connection = await asyncpg.connect(harness.product.database.dsn("hva_steward"))
    try:
        for family in FAMILIES:
            key = (SERVICE_NUMBERS[family], county_number(county))
            await connection.execute("select pg_advisory_lock($1, $2)", *key)
        yield
    finally:
        await connection.close()


async def wait_for_facts(harness: Harness, county: str, facts: int) -> None:
    async def stored() -> bool:
        counts = [
            await harness.product.fetch(f"select count(*) as n from {table} where county = $1", county)
            for table in FACTS.values()
        ]
        return all(rows[0]["n"] == facts for rows in counts)

    await wait_until(stored, f"every family has {facts} facts of {county}")


async def delayed_counties(harness: Harness, replicas: Iterable[Replica]) -> list[float]:
    return [await harness.metric(replica, "hva_delayed_counties") for replica in replicas]


async def test_held_county_delays_no_other(harness: Harness) -> None:
    """In the same delivery, in later deliveries and in all partitions. A replica that is killed meanwhile loses
    nothing: what waited for the county comes again."""
    _, *replicas = await start_together(harness.start("ingest"), *map(harness.start, FAMILIES))
    sent = []

    async def send(*lines: bytes) -> None:
        sent.extend(lines)
        await harness.product.load(lines)

    async with locked(harness, COUNTY):
        await send(*lines_of(COUNTY, map(str, range(30))), *lines_of(OTHER, map(str, range(30))))
        await wait_for_facts(harness, OTHER, 30)
        assert await delayed_counties(harness, replicas) == [1, 1, 1]
        for number in range(30, 33):
            await send(*lines_of(COUNTY, [str(number)]), *lines_of(OTHER, [str(number)]))
            await wait_for_facts(harness, OTHER, number + 1)
        for replica in replicas:
            await replica.kill()
        replicas = await start_together(*map(harness.start, FAMILIES))
        await send(*lines_of(OTHER, ["33"]))
        await wait_for_facts(harness, OTHER, 34)
        await wait_for_facts(harness, COUNTY, 0)
    await harness.product.wait()
    await wait_for_facts(harness, COUNTY, 33)
    assert await delayed_counties(harness, replicas) == [0, 0, 0]
    assert await harness.differences(workload_of(sent)) == []
