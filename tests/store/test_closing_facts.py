"""Whatever changes after a closing, the contributions of the changed facts add up to the change of every count."""

import random
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.fcr import store as fcr_store
from services.nps import store as nps_store
from services.segments import store as segments_store
from shared.contracts.segment import History, decode_history, encode_history
from shared.postgres.commit import StoreCommit
from shared.registers import Registers, load_folder
from tests.product import SAMPLE, Database
from tests.store import fcr_harness, segments_harness, test_nps_store
from tests.store.closing import COUNTY, Cells, Closing, additive, steward_of
from tests.store.registers import replace_registers
from tests.store.test_nps_store import CIPHER, nps, pool, registers

__all__ = ["nps", "pool", "registers"]

CLIENTS = [f"k1.{letter * 22}" for letter in "ABCDEF"]
UNITS = ("keskus", "hml-ta", "tauko")
START = datetime(2026, 3, 1, 10, tzinfo=UTC)
PERIODS = ("2026-03", "2026Q1", "2026")


def random_time(random: random.Random) -> datetime:
    """A time in the closed month, or near it."""
    return START + timedelta(days=random.randrange(-20, 50), minutes=random.randrange(600))


def history(random: random.Random, client: str, version: int) -> History:
    first = START.date() + timedelta(days=random.randrange(-20, 20))
    intervals = () if random.random() < 0.2 else ((first, first + timedelta(days=random.randrange(1, 40))),)
    return decode_history(encode_history(COUNTY, client, version, intervals))


async def relabel(pool: Any, family: str, apply: Any, histories: list[History]) -> None:
    await StoreCommit(family, pool, CIPHER, apply)(histories, [])


def changed_registers(folder: Path, random: random.Random) -> Registers:
    """The sample registers with other levels of units, other flags of outcomes and other promises."""
    shutil.copytree(SAMPLE / "config", folder)
    units = (folder / "units.csv").read_text()
    (folder / "units.csv").write_text(units.replace(",sote,", f",d{random.randrange(9)},"))
    header, *outcomes = (folder / "outcomes.csv").read_text().splitlines()
    flags = [
        f"{line.rsplit(',', 3)[0]},{random.choice(['true,true', 'false,true', 'false,false'])},"
        f"{random.choice(['true', 'false'])}"
        for line in outcomes
    ]
    (folder / "outcomes.csv").write_text("\n".join((header, *flags, "")))
    promises = (folder / "promises.csv").read_text()
    minutes = random.randrange(1, 3000)
    (folder / "promises.csv").write_text(f"{promises}{COUNTY},feedback,,minutes,{minutes},2026-02-01\n")
    return load_folder(folder)


async def use_registers(pool: Any, refold: Any, registers: Registers) -> None:
    async with pool.acquire() as connection:
        await replace_registers(connection, registers)
    await refold.run(pool, registers)


def feedback(random: random.Random, id: int, revision: int) -> Any:
    at, unit, channel = random_time(random), random.choice(UNITS), random.choice(["sms", "app", "device"])
    client = random.choice([None, *CLIENTS])
    common = {"unit": unit, "channel": channel, **({"client": client} if client else {})}
    match random.randrange(5):
        case 0:
            return test_nps_store.invited(f"i{id}", revision, at, **common, delivered=random.random() < 0.8)
        case 1 | 2:
            answers = [
                {"question": "recommend", "value": random.randrange(11)},
                {"question": "thl_help", "value": random.randrange(6)},
                {"question": "pei_cope_illness", "value": random.choice(["better", "dont_know", "much_better"])},
            ]
            named = {"invitation_id": f"i{random.randrange(30)}"} if random.random() < 0.5 else {}
            kept = random.sample(answers, random.randrange(1, 4))
            return test_nps_store.answered(f"r{id}", revision, at, **{**common, **named, "answers": kept})
        case 3:
            themes = random.sample(["queue", "staff", "price"], random.randrange(3))
            reply: dict[str, Any] = {}
            if random.random() < 0.5:
                replied_at = at + timedelta(days=random.randrange(9))
                reply = {"wants_reply": True, "replied_at": replied_at.isoformat()}
            given = {"feedback_id": f"f{id}", "given_at": at.isoformat(), "kind": random.choice(["thanks", "idea"])}
            return test_nps_store.record("feedback.given", revision, **given, themes=themes, **common, **reply)
        case _:
            kind = random.choice(["response_id", "feedback_id", "invitation_id"])
            return test_nps_store.retracted(revision, **{kind: f"{kind[0]}{id}"})


@pytest.fixture
async def steward(database: Database) -> AsyncIterator[Any]:
    connection = await steward_of(database)
    yield connection
    await connection.close()


@pytest.mark.parametrize("seed", range(2))
async def test_changes_of_feedback_add_up(
    nps: Any, database: Database, steward: Any, tmp_path: Path, seed: int
) -> None:
    chance, closing = random.Random(seed), Closing(database, ["nps"], steward)
    await nps.feed(*(feedback(chance, chance.randrange(30), chance.randrange(1, 3)) for _ in range(80)))
    before = {}
    for period in PERIODS:
        await closing.close(period)
        before[period] = await closing.cells(period)
    for round in range(10):
        match chance.randrange(7):
            case 6:
                nps.registers = changed_registers(tmp_path / str(round), chance)
                await use_registers(nps.pool, nps_store.REFOLD, nps.registers)
            case 0:
                erased = [test_nps_store.erased(chance.choice(CLIENTS))]
                await nps.erase(*erased)
            case 1:
                histories = [history(chance, client, round + 1) for client in chance.sample(CLIENTS, 2)]
                await relabel(nps.pool, "nps", nps_store.apply_histories, histories)
            case _:
                facts = (feedback(chance, chance.randrange(30), chance.randrange(1, 9)) for _ in range(6))
                await nps.feed(*facts)
    for period in PERIODS:
        after = await closing.cells(period)
        assert await closing.assert_explained(before[period], after, additive("nps"))
        await closing.assert_causes(period, before[period], after)


def contact(random: random.Random, id: int, revision: int) -> Any:
    if random.random() < 0.1:
        return fcr_harness.retracted(revision, contact_id=f"c{id}")
    if random.random() < 0.1:
        on = random_time(random).date()
        return fcr_harness.counted(f"h{id}", random.randrange(5), on, revision, unit=random.choice(UNITS))
    at = random_time(random)
    data: dict[str, Any] = {
        "unit": random.choice(UNITS),
        "line": random.choice(["terveys", "sosiaali"]),
        "channel": random.choice(["phone", "chat", "sms", "digital_booking"]),
        "client": random.choice([None, *CLIENTS]),
        "reason": random.choice([None, "kuume", "kuume", "haava"]),
        "outcome": random.choice([None, "hoidettu", "hoidettu", "ajanvaraus", "other"]),
        "classification": random.choice([None, "2026"]),
        "planned": random.random() < 0.1,
        "transfers": random.randrange(3),
        "promised_by": random.choice([None, at + timedelta(minutes=10)]),
        "callback_requested_at": random.choice([None, at]),
    }
    if random.random() < 0.2:
        data |= {"answered_at": None, "abandoned": True, "ended_at": at + timedelta(seconds=random.randrange(9))}
    return fcr_harness.contact(f"c{id}", at, revision, **data)


@pytest.mark.parametrize("seed", range(2))
async def test_changes_of_contacts_add_up(database: Database, steward: Any, tmp_path: Path, seed: int) -> None:
    chance, closing = random.Random(seed), Closing(database, ["fcr"], steward)
    async with fcr_harness.open_store(database) as fcr:
        await fcr.feed(*(contact(chance, chance.randrange(40), chance.randrange(1, 3)) for _ in range(120)))
        await fcr.refresh_cells()
        before = {}
        for period in PERIODS:
            await closing.close(period)
            before[period] = await closing.cells(period)
        for round in range(10):
            match chance.randrange(7):
                case 0:
                    await fcr.erase(chance.choice(CLIENTS))
                case 1:
                    one, other = chance.sample(CLIENTS, 2)
                    data = {"merge_id": f"m{chance.randrange(3)}", "from": one, "into": other}
                    await fcr.feed_persons(fcr_harness.record("client.merged", round + 1, **data))
                case 2:
                    histories = [history(chance, client, round + 1) for client in chance.sample(CLIENTS, 2)]
                    await relabel(fcr.pool, "fcr", fcr_store.apply_histories, histories)
                case 3:
                    fcr.registers = changed_registers(tmp_path / str(round), chance)
                    await use_registers(fcr.pool, fcr_store.REFOLD, fcr.registers)
                case _:
                    await fcr.feed(*(contact(chance, chance.randrange(40), chance.randrange(1, 9)) for _ in range(6)))
        await fcr.refresh_cells()
        for period in PERIODS:
            after = await closing.cells(period)
            assert await closing.assert_explained(before[period], after, additive("fcr"))
            await closing.assert_causes(period, before[period], after)


def care(random: random.Random, id: int, revision: int) -> Any:
    at, client, unit = random_time(random), random.choice(CLIENTS), random.choice(UNITS)
    if random.random() < 0.3:  # in the year before, where it decides memberships only
        at -= timedelta(days=random.randrange(60, 330))
    first = at.date()
    until = random.choice([None, first + timedelta(days=random.randrange(1, 60))])
    match random.randrange(9):
        case 0:
            return segments_harness.flag(f"f{id}", first, until, revision, client=client)
        case 1:
            return segments_harness.plan(f"p{id}", first, until, revision, client=client)
        case 2:
            return segments_harness.assignment(f"a{id}", first, until, revision, client=client)
        case 3:
            result = random.choice(["omatoimi", "verkosto", "yhteiso"])
            data = {"client": client, "unit": unit, "sex": random.choice(["woman", "man"])}
            return segments_harness.suuntima(f"s{id}", result, at, revision, **data)
        case 4:
            name, letter = random.choice(
                [("flag_id", "f"), ("plan_id", "p"), ("assessment_id", "s"), ("service_event_id", "e")]
            )
            return segments_harness.retracted(revision, **{name: f"{letter}{id}"})
        case _:
            sector = random.choice(["vastaanotto", "tyoikaiset", "suunterveys"])
            data = {
                "client": client,
                "unit": unit,
                "event_class": random.choice(["visit", "remote"]),
                "status": random.choice(["done", "done", "done", "cancelled"]),
            }
            return segments_harness.event(f"e{id}", sector, at, revision, **data)


@pytest.mark.parametrize("seed", range(2))
async def test_changes_of_care_add_up(database: Database, steward: Any, tmp_path: Path, seed: int) -> None:
    chance, closing = random.Random(seed), Closing(database, ["segments"], steward)
    counts = {**additive("segments"), "events_per_client": ("member_events",)}
    async with segments_harness.open_store(database) as segments:
        await segments.feed(*(care(chance, chance.randrange(40), chance.randrange(1, 3)) for _ in range(120)))
        before = {}
        for period in PERIODS:
            await closing.close(period)
            before[period] = await closing.cells(period)
        for round in range(10):
            match chance.randrange(7):
                case 0:
                    await segments.feed(segments_harness.erased(chance.choice(CLIENTS)))
                case 1:
                    one, other = chance.sample(CLIENTS, 2)
                    await segments.feed(segments_harness.merged(f"m{chance.randrange(3)}", one, other, round + 1))
                case 2:
                    await segments.refold(enabled=tuple(chance.sample(["E1", "E2", "E3", "E4", "E6"], 3)))
                case 3:
                    await segments.use(changed_registers(tmp_path / str(round), chance))
                    await segments_store.REFOLD.run(segments.pool, segments.registers)
                case _:
                    await segments.feed(*(care(chance, chance.randrange(40), chance.randrange(1, 9)) for _ in range(6)))
        for period in PERIODS:
            after = await closing.cells(period)
            assert await closing.assert_explained(before[period], after, counts)
            await assert_plans_are_explained(closing, before[period], after)
            await closing.assert_causes(period, before[period], after)


async def assert_plans_are_explained(closing: Closing, before: Cells, after: Cells) -> None:
    """Plans are counted one by one, other than common clients."""
    plans = [({k: row for k, row in cells.items() if k[1][-1] == "plan"}) for cells in (before, after)]
    await closing.assert_explained(plans[0], plans[1], {"common_clients": ("stock", "new")})
