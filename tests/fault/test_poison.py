"""Records of every bad kind: each becomes one letter, its neighbours count, and nothing personal is told anywhere."""

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
from tests.fault.events import BUG, answered, line
from tests.fault.log import Log, judged
from tests.fault.poison import CANARIES, COMMENT, HETU, MIB, Poison, poison
from tests.fault.stage import NIGHTLY, Stage, both
from tests.product import until

EACH = 2 * NIGHTLY
READABLE = "select to_jsonb(l) - 'sealed' as letter, sealed from {service}.dead_letter l"


@contextmanager
def any_header_name() -> Iterator[None]:
    """Lets the client send header names that are not UTF-8; its compiled builder takes none but texts."""
    name, builder = "DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy
    with mock.patch.object(message_accumulator, name, builder), mock.patch.object(client, name, builder):
        yield


async def send(stage: Stage, records: list[Poison]) -> None:
    """Write records to the raw topic of the feedback stream, as an upstream system would."""
    producer = AIOKafkaProducer(bootstrap_servers=stage.product.kafka, max_request_size=5 * MIB)
    await producer.start()
    try:
        topic = stage.product.topic_prefix + RAW[Stream.FEEDBACK].name
        with any_header_name():
            for r in records:
                await producer.send(topic, r.value, r.key, headers=list(r.headers))
            await producer.flush()
    finally:
        await producer.stop()


def expectation(records: list[Poison]) -> Log:
    """Figures of what counts by the recomputation, letters by the kinds."""
    counting = [json.dumps(_structured(record)).encode() for record in records if record.reason is None]
    log = judged(counting)
    assert not log.rejected, "the recomputation takes for good what is meant to be good"
    return replace(log, rejected=Counter(record.reason for record in records if record.reason))


def _structured(record: Poison) -> object:
    tree = json.loads(record.value or b"")
    headers = {name.removeprefix("ce_"): (value or b"").decode("utf-8", "replace") for name, value in record.headers}
    return {**headers, "data": tree} if record.kind == "binary" else tree


async def poisoned(stage: Stage, mutant: str) -> list[str]:
    """Send every kind among good neighbours, with ingest killed on the way; returns what came out wrong."""
    records = [one for number in range(EACH) for one in poison(number)]
    records += [Poison("neighbour", None, answered(f"good{n}", comment=COMMENT)) for n in range(200)]
    stage.random.shuffle(records)
    await send(stage, records)
    for point in ("kept", "published"):
        killed = await stage.start("ingest", f"kill@{point}#3", ready=False, mutant=mutant, batch=30)
        await stage.mark(f"killed-{point}", killed)
    await both(stage.start("ingest", mutant=mutant), stage.start("nps"))
    await stage.product.wait()
    return await stage.wrong(expectation(records))


async def test_every_kind_of_poison(stage: Stage) -> None:
    stage.product.environment["HVA_LOG_LEVEL"] = "DEBUG"
    assert await poisoned(stage, "") == []
    assert await told(stage) == []


async def test_reject_that_is_acknowledged_is_noticed(stage: Stage) -> None:
    (wrong,) = await poisoned(stage, "reject_is_ack")
    assert wrong.startswith("letters: ")


async def test_what_a_handler_cannot_stand(stage: Stage) -> None:
    """An error out of our own code, its text full of data: one letter, and every neighbour of the batch counts."""
    good = [answered(f"good{n}", client={"hetu": HETU}) for n in range(50)]
    bad = answered(f"{BUG}-1", client={"hetu": HETU}, comment=COMMENT)
    await both(stage.start("ingest"), stage.start("nps", batch=100))
    await stage.product.load([*good[:25], bad, *good[25:]])
    await stage.product.wait()
    (dead_letter,) = await stage.product.fetch("select reason, detail from nps.dead_letter")
    assert dead_letter == {"reason": "handler_bug", "detail": "ValueError"}
    assert await stage.wrong(judged(good)) == ["nps letter: {'reason': 'handler_bug'}"]
    assert await told(stage) == []


async def test_letters_again(stage: Stage) -> None:
    """`hva deadletters redrive`: what is still bad stays open, once; what counts now is resolved and in the figures."""
    lines = [answered("bad", channel="x"), line("feedback.given", {"feedback_id": "f"})]
    await both(stage.start("ingest"), stage.start("nps"))
    await stage.product.load(lines)
    await stage.product.wait()
    before = await stage.product.fetch("select id, attempts from ingest.dead_letter order by id")
    await stage.command("deadletters", "redrive", "--all")

    async def tried() -> bool:
        rows = await stage.product.fetch("select id, attempts from ingest.dead_letter where state = 'open'")
        return sorted((r["id"], r["attempts"]) for r in rows) == [(b["id"], b["attempts"] + 1) for b in before]

    await until(tried, "both letters were tried again and are open")
    assert await stage.wrong(judged(lines)) == []


async def told(stage: Stage) -> list[str]:
    """Where something personal can be read that must not be."""
    texts = {replica.log.name: replica.log.read_text() for replica in stage.product.replicas}
    for replica in stage.product.replicas:
        if replica.process.returncode is None:
            texts |= {
                f"{replica.service} {path}": str((await replica.probe(path))[1]) for path in ("/metrics", "/readyz")
            }
    for service in ("ingest", "nps"):
        rows = await stage.product.fetch(READABLE.format(service=service))
        texts[f"{service} letters"] = str([row["letter"] for row in rows])
        texts[f"{service} sealed"] = str([row["sealed"] for row in rows])
    texts["canonical records"] = str([(r.key, r.value) for r in await stage.records(FEEDBACK, PERSON)])
    return [f"{canary} in {where}" for where, text in texts.items() for canary in CANARIES if canary in text]
