"""Contacts of one person in two transactions at once: what each takes from its neighbours stays right."""

from shared.contracts.catalogue import CONTACT
from tests.fault.events import BUG, recorded, retracted
from tests.fault.locks import anyone_waits, waiting_for_county
from tests.fault.log import judged
from tests.fault.stage import Stage, both
from tests.fault.topics import division, partition_of
from tests.replica import until

SESSION = 60.0  # seconds; whoever has a partition keeps it, be the machine ever so busy
MANY = 100  # persons: of a quarter the retraction is the holder's and the later contact the other's, on average
NEXT_DAY = {"started_at": "2026-03-03T12:00:00+02:00", "answered_at": "2026-03-03T12:01:00+02:00"}


def person(number: int) -> dict[str, object]:
    return {"client": {"local_id": f"A{number}"}, "reason": "kuume"}


async def repeat_beside_redrive(stage: Stage, mutant: str) -> list[str]:
    """Try the letter of a contact again, uncommitted, while the same replica handles the contact that repeats it.

    Without the county lock neither sees the other. Returns what came out wrong.
    """
    first = [recorded("known", **person(1), channel="sms"), recorded(f"{BUG}-1", **person(1))]
    later = [recorded("later", **person(1), **NEXT_DAY)]
    _, fcr = await both(stage.start("ingest"), stage.start("fcr", f"hold@in_transaction:{BUG}-1#1", mutant=mutant))
    await stage.product.load(first)
    await _settled(stage)
    stage.fix()
    await stage.command("deadletters", "redrive", "--all")
    await stage.mark(f"held-in_transaction:{BUG}-1", fcr)
    await stage.product.load(later)
    await _waiting(stage, mutant)
    stage.release(fcr)
    await until(lambda: _resolved(stage), "the letter is resolved")
    await _settled(stage)
    return [line for line in await stage.wrong(judged([*first, *later])) if not line.startswith("fcr letter: ")]


async def repeats_beside_retractions(stage: Stage, mutant: str) -> list[str]:
    """Take contacts back in one replica, uncommitted, while another handles those that would repeat them.

    A retraction names no client, so it is in another partition than the contacts of the person. Without the county
    lock the later contacts repeat what is there no more. Returns what came out wrong.
    """
    persons = {f"a{n}": person(n) for n in range(MANY)}
    first = [recorded(id, **persons[id]) for id in persons]
    await both(stage.start("ingest"), stage.start("fcr", mutant=mutant, session=SESSION))
    await stage.product.load(first)
    await _settled(stage)
    (alone,) = await _division(stage, 1)
    holder = await stage.start("fcr", "hold@in_transaction#1", mutant=mutant, session=SESSION)
    (its,) = [partitions for member, partitions in (await _division(stage, 2)).items() if member != alone]

    gone = [id for id in persons if partition_of(id.encode()) in its]
    back, later = [retracted(id) for id in gone], [recorded(f"b{id}", **persons[id], **NEXT_DAY) for id in gone]
    await stage.product.load(back)
    assert await stage.mark("held-in_transaction", holder)
    await stage.product.load(later)
    await _waiting(stage, mutant)
    stage.release(holder)
    await _settled(stage)
    return await stage.wrong(judged([*first, *back, *later]))


async def _settled(stage: Stage) -> None:
    for service in ("ingest", "fcr"):
        await stage.is_current(service)


async def _division(stage: Stage, replicas: int) -> dict[str, set[int]]:
    """Which partitions each of so many replicas has, once that is settled."""

    async def divided() -> dict[str, set[int]]:
        found = await division(stage.product.kafka, stage.product.topic_prefix, "fcr", CONTACT)
        return found if len(found) == replicas else {}

    return dict(await until(divided, f"{replicas} replicas share the contacts"))


async def _waiting(stage: Stage, mutant: str) -> None:
    """Until a writer waits for the one that is held, with the mutant only for a row in its way."""
    await until(lambda: anyone_waits(stage), "one waits for the other")
    assert mutant or await waiting_for_county(stage) == {"fcr"}


async def _resolved(stage: Stage) -> bool:
    rows = await stage.product.fetch("select state from fcr.dead_letter")
    return rows == [{"state": "resolved"}]


async def test_a_repeat_of_a_contact_that_is_tried_again(stage: Stage) -> None:
    assert await repeat_beside_redrive(stage, "") == []


async def test_repeats_of_contacts_that_are_taken_back(stage: Stage) -> None:
    assert await repeats_beside_retractions(stage, "") == []


async def test_without_the_county_lock_a_repeat_is_lost(stage: Stage) -> None:
    wrong = await repeat_beside_redrive(stage, "no_county_lock")
    assert any(line.startswith("fcr_confirmed ") and "confirmed: expected 0, got 1" in line for line in wrong)


async def test_without_the_county_lock_what_is_gone_is_repeated(stage: Stage) -> None:
    wrong = await repeats_beside_retractions(stage, "no_county_lock")
    assert any(line.startswith("fcr_confirmed ") for line in wrong)
