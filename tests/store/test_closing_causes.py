"""The cause of each change in a closed period, and the event behind it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from deploy.hva.restated_facts import restated_facts
from services.fcr import store as fcr_store
from services.nps import store as nps_store
from shared.contracts.rank import decode_rank
from shared.contracts.segment import decode_history, encode_history
from shared.dead_letters import Rejected
from shared.events import event_of
from tests.product import Database
from tests.store import fcr_harness, segments_harness
from tests.store.closing import COUNTY, Closing, steward_of
from tests.store.closing_random import changed_registers
from tests.store.fcr_harness import ANNA, BERTTA, DAY, START
from tests.store.test_closing_facts import relabel, use_registers
from tests.store.test_nps_store import answered, erased, invited, nps, pool, registers, retracted

__all__ = ["nps", "pool", "registers"]

LAST_YEAR = START - timedelta(days=200)
CELL = {"scope_level": "county", "scope": COUNTY, "channel": "all", "segment": "all", "county": COUNTY}


@pytest.fixture
async def steward(database: Database) -> AsyncIterator[Any]:
    connection = await steward_of(database)
    yield connection
    await connection.close()


async def logged(steward: Any, family: str) -> list[tuple[str, str, str | None]]:
    """Fact, cause and id of the event, in the order of the log, without the facts before."""
    rows = await steward.fetch(f"select id, cause, rank from {family}.restated_fact order by log_position")
    return [(row["id"], row["cause"], decode_rank(row["rank"]).id if row["rank"] else None) for row in rows]


async def causes(steward: Any, family: str) -> set[tuple[str, str]]:
    return {(id, cause) for id, cause, _ in await logged(steward, family)}


async def test_causes_of_feedback(nps: Any, database: Database, steward: Any, tmp_path: Path) -> None:
    await nps.feed(
        *(answered(f"r{n}", client=ANNA if n == 1 else None) if n == 1 else answered(f"r{n}") for n in range(20)),
        invited("i", client=BERTTA),
        answered("own", client=BERTTA),
    )
    await Closing(database, ["nps"], steward).close("2026-03")
    await nps.feed(answered("late", invitation_id="i"))
    assert await causes(steward, "nps") == {("late", "late"), ("i", "late")}
    events = {event for _, _, event in await logged(steward, "nps")}
    assert len(events) == 1  # the invitation is answered because of the event of the response
    await nps.feed(answered("r0", 2, score=0))
    await nps.feed(retracted(2, response_id="r2"))
    await nps.erase(erased(ANNA))
    first = START.date() - timedelta(days=9)
    histories = [decode_history(encode_history(COUNTY, BERTTA, 1, ((first, None),)))]
    await relabel(nps.pool, "nps", nps_store.apply_histories, histories)
    expected = {("r0", "corrected"), ("r2", "retracted"), ("r1", "erased"), ("own", "relabelled"), ("i", "relabelled")}
    assert await causes(steward, "nps") >= expected
    erasure = next(event for id, cause, event in await logged(steward, "nps") if cause == "erased")
    assert erasure is not None and erasure.startswith("fi.hva.client.erased")
    await use_registers(nps.pool, nps_store.REFOLD, changed_registers(tmp_path / "c", Random(1)))
    assert ("r0", "register") in await causes(steward, "nps")


async def test_later_contact_changes_the_earlier_one(database: Database, steward: Any) -> None:
    async with fcr_harness.open_store(database) as fcr:
        await fcr.feed(*(fcr_harness.contact(f"c{n}", client=None) for n in range(9)), fcr_harness.contact("first"))
        await fcr.refresh_cells()
        closing = Closing(database, ["fcr"], steward)
        await closing.close("2026-03")
        before = await closing.cells("2026-03")
        april = fcr_harness.contact("april", START + 30 * DAY, client=ANNA)
        await fcr.feed(april)
        event = event_of(april)
        assert not isinstance(event, Rejected)
        assert await logged(steward, "fcr") == [("first", "late", event.id)]
        february = fcr_harness.contact("february", START - 4 * DAY, client=BERTTA)  # near enough for revolving clients
        await fcr.feed(february)
        assert ("february", "late") in await causes(steward, "fcr")
        assert await closing.assert_explained(before, await closing.cells("2026-03"), {"fcr_confirmed": ("confirmed",)})


async def test_causes_of_contacts(database: Database, steward: Any, tmp_path: Path) -> None:
    async with fcr_harness.open_store(database) as fcr:
        await fcr.feed(
            *(fcr_harness.contact(f"c{n}", client=None) for n in range(9)),
            fcr_harness.contact("a", client=ANNA),
            fcr_harness.contact("b", START + DAY, client=BERTTA),
        )
        await Closing(database, ["fcr"], steward).close("2026-03")
        merge = fcr_harness.record("client.merged", merge_id="m", **{"from": ANNA, "into": BERTTA})
        await fcr.feed_persons(merge)
        assert {cause for _, cause in await causes(steward, "fcr")} == {"merged"}
        assert {id for id, _ in await causes(steward, "fcr")} == {"a", "b"}  # b repeats a now
        assert len({event for _, _, event in await logged(steward, "fcr")}) == 1
        await fcr.erase(ANNA)
        assert {("a", "erased"), ("b", "erased")} <= await causes(steward, "fcr")
        first = START.date() - timedelta(days=9)
        histories = [decode_history(encode_history(COUNTY, BERTTA, 1, ((first, None),)))]
        await relabel(fcr.pool, "fcr", fcr_store.apply_histories, histories)
        assert ("b", "relabelled") in await causes(steward, "fcr")


async def test_rule_and_memberships_relabel_service_events(database: Database, steward: Any) -> None:
    async with segments_harness.open_store(database) as segments:
        await segments.feed(*(segments_harness.event(f"e{n}", at=START + n * DAY) for n in range(9)))
        closing = Closing(database, ["segments"], steward)
        await closing.close("2026-03")
        flag = segments_harness.flag("f", START.date() - timedelta(days=5))
        await segments.feed(flag)
        found = await logged(steward, "segments")
        assert {(id, cause) for id, cause, _ in found} == {("f", "late"), *((f"e{n}", "relabelled") for n in range(9))}
        assert len({event for _, _, event in found}) == 1
        await segments.refold(enabled=("E2",))
        assert {(f"e{n}", "rule") for n in range(9)} <= await causes(steward, "segments")


async def open_county(segments: Any, closing: Closing) -> None:
    """Ten clients with a visit in March, of whom nine are members; one lacks social care. Closed."""
    event, flag = segments_harness.event, segments_harness.flag
    clients = [f"k1.{letter * 22}" for letter in "CDEFGHIJK"]
    await segments.feed(
        *(flag(f"f{n}", LAST_YEAR.date(), client=client) for n, client in enumerate(clients)),
        *(event(f"m{n}", client=client) for n, client in enumerate(clients)),
        *(event(f"v-{sector}", sector, LAST_YEAR, client=ANNA) for sector in ("vastaanotto", "suunterveys")),
    )
    await closing.close("2026-03")


async def test_late_event_of_last_year_is_the_cause_of_a_membership(database: Database, steward: Any) -> None:
    closing = Closing(database, ["segments"], steward)
    async with segments_harness.open_store(database) as segments:
        await open_county(segments, closing)
        await segments.feed(segments_harness.event("other", "tyoikaiset", LAST_YEAR, client=BERTTA))
        assert await logged(steward, "segments") == []  # no membership changed
        late = segments_harness.event("late", "tyoikaiset", LAST_YEAR, client=ANNA)
        await segments.feed(late)
        event = event_of(late)
        assert not isinstance(event, Rejected)
        assert await logged(steward, "segments") == [("late", "late", event.id)]
        await closing.publish(COUNTY, 2026)
        found = await closing.restatements("2026-03")
        row = found["events_per_client", "county", COUNTY, "segment_clients"]
        assert (row["old_value"], row["new_value"], row["causes"]) == (9, 10, ["late"])
        (fact,) = await restated_facts(steward, "events_per_client", {**CELL, "period": "2026-03"})
        assert (fact.kind, fact.id, fact.before, fact.after) == ("service_event", "late", {}, {})
        await segments.feed(segments_harness.retracted(2, service_event_id="late"))
        assert (await logged(steward, "segments"))[-1][:2] == ("late", "retracted")


async def test_rule_is_the_cause_of_memberships_without_service_events(database: Database, steward: Any) -> None:
    closing = Closing(database, ["segments"], steward)
    async with segments_harness.open_store(database) as segments:
        await segments.feed(segments_harness.event("v-social", "tyoikaiset", LAST_YEAR, client=ANNA))
        await open_county(segments, closing)
        await segments.refold(enabled=("E1",))
        assert await logged(steward, "segments") == [("2026-1", "rule", None)]
        await closing.publish(COUNTY, 2026)
        found = await closing.restatements("2026-03")
        row = found["events_per_client", "county", COUNTY, "segment_clients"]
        assert (row["old_value"], row["new_value"], row["causes"]) == (10, 9, ["rule"])


async def test_closing_while_events_arrive_is_one_edition(nps: Any, database: Database, steward: Any) -> None:
    """What the edition shows and the changes logged since add up to what is published later."""
    closing, stop = Closing(database, ["nps"], steward), asyncio.Event()
    await nps.feed(*(answered(f"r{n}", score=n % 11) for n in range(200)))

    async def stream() -> int:
        fed = 0
        while not stop.is_set():
            await nps.feed(*(answered(f"s{fed}-{n}", score=(fed + n) % 11) for n in range(5)))
            fed += 1
        return fed

    streaming = asyncio.create_task(stream())
    for number in (1, 2, 3):
        assert (await closing.close("2026-03")).edition == number
    stop.set()
    assert await streaming > 3
    await nps.feed(answered("last"))
    await closing.publish(COUNTY, 2026)
    restatements = await closing.restatements("2026-03")
    cell = ("oma-hame", "month", "2026-03", "county", COUNTY, "all", "all")
    logged = await closing.differences("nps", cell)
    row = restatements["nps", "county", COUNTY, "n"]
    assert row["edition"] == 3 and row["new_value"] - row["old_value"] == logged["n"] > 0
