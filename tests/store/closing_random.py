"""Random facts in and near a closed March, and random changes of what they depend on."""

import random
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shared.contracts.segment import History, decode_history, encode_history
from shared.registers import Registers, load_folder
from tests.product import SAMPLE
from tests.store import fcr_harness, segments_harness, test_nps_store
from tests.store.closing import COUNTY

CLIENTS = [f"k1.{letter * 22}" for letter in "ABCDEF"]
UNITS = ("keskus", "hml-ta", "tauko")
START = datetime(2026, 3, 1, 10, tzinfo=UTC)


def random_time(random: random.Random) -> datetime:
    """A time in the closed month, or near it."""
    return START + timedelta(days=random.randrange(-20, 50), minutes=random.randrange(600))


def history(random: random.Random, client: str, version: int) -> History:
    first = START.date() + timedelta(days=random.randrange(-20, 20))
    intervals = () if random.random() < 0.2 else ((first, first + timedelta(days=random.randrange(1, 40))),)
    return decode_history(encode_history(COUNTY, client, version, intervals))


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
