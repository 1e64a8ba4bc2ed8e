"""Invalid records of every kind: each becomes one dead letter, valid records count, and no personal data leaks."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest import mock

from aiokafka import AIOKafkaProducer
from aiokafka.producer import message_accumulator
from aiokafka.producer import producer as client
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from shared.contracts.catalogue import FEEDBACK, PERSON, RAW, Stream
from tests.fault.events import BUG_ID, event_line, feedback_answered
from tests.fault.harness import FAULT_ROUNDS, Harness, start_together
from tests.fault.poison import CANARIES, COMMENT, HETU, MIB, Poison, poison_records
from tests.fault.workload import Workload, workload_of
from tests.product import wait_until

RECORDS_OF_KIND = 2 * FAULT_ROUNDS
READABLE = "select to_jsonb(l) - 'sealed' as readable, sealed from {service}.dead_letter l"


@contextmanager
def any_header_name() -> Iterator[None]:
    """Let aiokafka send header names that are not UTF-8. Its compiled batch builder accepts only str."""
    name, builder = "DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy
    with mock.patch.object(message_accumulator, name, builder), mock.patch.object(client, name, builder):
        yield


async def send(harness: Harness, records: list[Poison]) -> None:
    """Write records to the raw topic of the feedback stream."""
    producer = AIOKafkaProducer(bootstrap_servers=harness.product.kafka, max_request_size=5 * MIB)
    await producer.start()
    try:
        topic = harness.product.topic_prefix + RAW[Stream.FEEDBACK].name
        with any_header_name():
            for r in records:
                await producer.send(topic, r.value, r.key, headers=list(r.headers))
            await producer.flush()
    finally:
        await producer.stop()


def expected_result(records: list[Poison]) -> Workload:
    """The figures of the valid records by the recomputation, and the dead letters by the kinds of the others."""
    valid = [json.dumps(_structured(record)).encode() for record in records if record.reason is None]
    workload = workload_of(valid)
    assert not workload.rejected, "the recomputation rejects a valid record"
    return replace(workload, rejected=Counter(record.reason for record in records if record.reason))


def _structured(record: Poison) -> object:
    tree = json.loads(record.value or b"")
    headers = {name.removeprefix("ce_"): (value or b"").decode("utf-8", "replace") for name, value in record.headers}
    return {**headers, "data": tree} if record.kind == "binary" else tree


async def send_poison(harness: Harness, mutant: str) -> list[str]:
    """Send every kind of poison among valid records, and kill ingest meanwhile. Returns the differences."""
    records = [record for number in range(RECORDS_OF_KIND) for record in poison_records(number)]
    records += [Poison("valid", None, feedback_answered(f"valid{n}", comment=COMMENT)) for n in range(200)]
    harness.random.shuffle(records)
    await send(harness, records)
    for point in ("dead_letters_stored", "published"):
        killed = await harness.start("ingest", f"kill@{point}#3", ready=False, mutant=mutant, batch=30)
        await harness.wait_for_mark(f"killed-{point}", killed)
    await start_together(harness.start("ingest", mutant=mutant), harness.start("nps"))
    await harness.product.wait()
    return await harness.differences(expected_result(records))


async def test_every_kind_of_poison_becomes_one_dead_letter(harness: Harness) -> None:
    harness.product.environment["HVA_LOG_LEVEL"] = "DEBUG"
    assert await send_poison(harness, "") == []
    assert await find_personal_data(harness) == []


async def test_rejection_without_a_dead_letter_is_detected(harness: Harness) -> None:
    (difference,) = await send_poison(harness, "rejected_record_is_lost")
    assert difference.startswith("dead letters: ")


async def test_record_that_fails_in_a_handler_becomes_a_dead_letter(harness: Harness) -> None:
    """The error of our own code has personal data in its message; the other records of the batch count."""
    valid = [feedback_answered(f"valid{n}", client={"hetu": HETU}) for n in range(50)]
    failing = feedback_answered(f"{BUG_ID}-1", client={"hetu": HETU}, comment=COMMENT)
    await start_together(harness.start("ingest"), harness.start("nps", batch=100))
    await harness.product.load([*valid[:25], failing, *valid[25:]])
    await harness.product.wait()
    (dead_letter,) = await harness.product.fetch("select reason, detail from nps.dead_letter")
    assert dead_letter == {"reason": "handler_bug", "detail": "ValueError"}
    assert await harness.differences(workload_of(valid)) == ["nps dead letter: {'reason': 'handler_bug'}"]
    assert await find_personal_data(harness) == []


async def test_redrive_keeps_invalid_records_open(harness: Harness) -> None:
    """`hva deadletters redrive`: a dead letter that is still invalid is tried once more and stays open."""
    lines = [feedback_answered("bad", channel="x"), event_line("feedback.given", {"feedback_id": "f"})]
    await start_together(harness.start("ingest"), harness.start("nps"))
    await harness.product.load(lines)
    await harness.product.wait()
    before = await harness.product.fetch("select id, attempts from ingest.dead_letter order by id")
    await harness.command("deadletters", "redrive", "--all")

    async def retried() -> bool:
        rows = await harness.product.fetch("select id, attempts from ingest.dead_letter where state = 'open'")
        return sorted((r["id"], r["attempts"]) for r in rows) == [(b["id"], b["attempts"] + 1) for b in before]

    await wait_until(retried, "both dead letters were tried again and are open")
    assert await harness.differences(workload_of(lines)) == []


async def find_personal_data(harness: Harness) -> list[str]:
    """Logs, pages, columns and records that contain personal data."""
    texts = {replica.log.name: replica.log.read_text() for replica in harness.product.replicas}
    for replica in harness.product.replicas:
        if replica.process.returncode is None:
            texts |= {
                f"{replica.service} {path}": str((await replica.probe(path))[1]) for path in ("/metrics", "/readyz")
            }
    for service in ("ingest", "nps"):
        rows = await harness.product.fetch(READABLE.format(service=service))
        texts[f"{service} dead letters"] = str([row["readable"] for row in rows])
        texts[f"{service} sealed"] = str([row["sealed"] for row in rows])
    texts["canonical records"] = str([(r.key, r.value) for r in await harness.records(FEEDBACK, PERSON)])
    return [f"{canary} in {where}" for where, text in texts.items() for canary in CANARIES if canary in text]
