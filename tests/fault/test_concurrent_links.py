"""Contacts of one person in two concurrent transactions: the links between them stay right."""

from shared.contracts.catalogue import CONTACT
from tests.fault.events import BUG_ID, contact_recorded, contact_retracted
from tests.fault.harness import Harness, start_together
from tests.fault.locks import families_waiting_for_county, is_any_lock_awaited
from tests.fault.topics import partition_assignment, partition_of
from tests.fault.workload import workload_of
from tests.replica import wait_until

SESSION = 60.0  # seconds; long enough that a replica on a busy machine keeps its partitions
# For a quarter of them, on average, the second replica gets the retraction and the first one gets the later contact.
PERSONS = 100
NEXT_DAY = {"started_at": "2026-03-03T12:00:00+02:00", "answered_at": "2026-03-03T12:01:00+02:00"}


def person(number: int) -> dict[str, object]:
    return {"client": {"local_id": f"A{number}"}, "reason": "kuume"}


async def repeat_during_redrive(harness: Harness, mutant: str) -> list[str]:
    """Redrive a dead letter of a contact, and hold its transaction while the replica handles a repeat of the contact.

    Without the county lock neither transaction sees the other contact. Returns the differences.
    """
    first = [contact_recorded("known", **person(1), channel="sms"), contact_recorded(f"{BUG_ID}-1", **person(1))]
    later = [contact_recorded("later", **person(1), **NEXT_DAY)]
    _, fcr = await start_together(
        harness.start("ingest"), harness.start("fcr", f"hold@in_transaction:{BUG_ID}-1#1", mutant=mutant)
    )
    await harness.product.load(first)
    await _wait_until_current(harness)
    harness.fix_handlers()
    await harness.command("deadletters", "redrive", "--all")
    await harness.wait_for_mark(f"held-in_transaction:{BUG_ID}-1", fcr)
    await harness.product.load(later)
    await _wait_for_lock(harness, mutant)
    harness.release(fcr)
    await wait_until(lambda: _is_resolved(harness), "the dead letter is resolved")
    await _wait_until_current(harness)
    differences = await harness.differences(workload_of([*first, *later]))
    return [line for line in differences if not line.startswith("fcr dead letter: ")]


async def repeats_during_retractions(harness: Harness, mutant: str) -> list[str]:
    """Retract contacts in one replica, and hold its transaction while another replica handles their repeats.

    A retraction names no client, so its partition differs from that of the person's contacts. Without the county lock
    the later contacts are linked to retracted contacts. Returns the differences.
    """
    persons = {f"a{n}": person(n) for n in range(PERSONS)}
    first = [contact_recorded(id, **persons[id]) for id in persons]
    await start_together(harness.start("ingest"), harness.start("fcr", mutant=mutant, session=SESSION))
    await harness.product.load(first)
    await _wait_until_current(harness)
    (first_member,) = await _wait_for_assignment(harness, 1)
    second = await harness.start("fcr", "hold@in_transaction#1", mutant=mutant, session=SESSION)
    assignment = await _wait_for_assignment(harness, 2)
    (partitions_of_second,) = [partitions for member, partitions in assignment.items() if member != first_member]

    ids = [id for id in persons if partition_of(id.encode()) in partitions_of_second]
    retractions = [contact_retracted(id) for id in ids]
    later = [contact_recorded(f"b{id}", **persons[id], **NEXT_DAY) for id in ids]
    await harness.product.load(retractions)
    assert await harness.wait_for_mark("held-in_transaction", second)
    await harness.product.load(later)
    await _wait_for_lock(harness, mutant)
    harness.release(second)
    await _wait_until_current(harness)
    return await harness.differences(workload_of([*first, *retractions, *later]))


async def _wait_until_current(harness: Harness) -> None:
    for service in ("ingest", "fcr"):
        await harness.wait_until_current(service)


async def _wait_for_assignment(harness: Harness, replicas: int) -> dict[str, set[int]]:
    """Wait until the group has this number of replicas. Returns the partitions by member."""

    async def assigned() -> dict[str, set[int]]:
        found = await partition_assignment(harness.product.kafka, harness.product.topic_prefix, "fcr", CONTACT)
        return found if len(found) == replicas else {}

    return dict(await wait_until(assigned, f"{replicas} replicas share the contacts"))


async def _wait_for_lock(harness: Harness, mutant: str) -> None:
    """Wait until a writer waits for the held one: for the county lock, or with the mutant only for a row lock."""

    async def is_waiting() -> bool:
        return await is_any_lock_awaited(harness) if mutant else await families_waiting_for_county(harness) == {"fcr"}

    await wait_until(is_waiting, "a writer waits for a lock")


async def _is_resolved(harness: Harness) -> bool:
    rows = await harness.product.fetch("select state from fcr.dead_letter")
    return rows == [{"state": "resolved"}]


async def test_repeat_of_a_redriven_contact_is_linked(harness: Harness) -> None:
    assert await repeat_during_redrive(harness, "") == []


async def test_repeat_of_a_retracted_contact_is_not_linked(harness: Harness) -> None:
    assert await repeats_during_retractions(harness, "") == []


async def test_redrive_without_the_county_lock_is_detected(harness: Harness) -> None:
    differences = await repeat_during_redrive(harness, "no_county_lock")
    assert any(line.startswith("fcr_confirmed ") and "confirmed: expected 0, got 1" in line for line in differences)


async def test_retraction_without_the_county_lock_is_detected(harness: Harness) -> None:
    differences = await repeats_during_retractions(harness, "no_county_lock")
    assert any(line.startswith("fcr_confirmed ") for line in differences)
