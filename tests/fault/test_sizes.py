"""Records that are much larger after decompression become dead letters; the service survives, valid records count."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from shared.contracts.catalogue import RAW, Stream
from tests.fault.events import feedback_answered
from tests.fault.harness import Harness, start_together
from tests.fault.poison import MIB
from tests.fault.workload import workload_of

# Large against the limit of a record. Decompressing it blocks the consumer: much larger ones take longer on a busy
# machine than the session of its group lasts.
BOMB_SIZE = 64 * MIB


async def _send(harness: Harness, value: bytes, **settings: Any) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=harness.product.kafka, max_request_size=2 * BOMB_SIZE, **settings)
    await producer.start()
    try:
        await producer.send_and_wait(harness.product.topic_prefix + RAW[Stream.FEEDBACK].name, value)
    finally:
        await producer.stop()


async def test_decompression_bombs_become_dead_letters(harness: Harness) -> None:
    ingest, nps = await start_together(harness.start("ingest"), harness.start("nps"))
    many_fields = feedback_answered("many", **{f"kentta-{n:06}": n for n in range(200_000)})
    assert len(many_fields) > 4.2 * MIB
    await _send(harness, many_fields, compression_type="zstd")
    await _send(harness, b"\0" * BOMB_SIZE, compression_type="zstd")
    with pytest.raises(MessageSizeTooLargeError):
        await _send(harness, b"x" * (4 * MIB + MIB // 2))
    valid = [feedback_answered(f"valid{n}") for n in range(20)]
    await harness.product.load(valid)
    await harness.product.wait()

    rows = await harness.product.fetch("select payload_bytes, truncated from ingest.dead_letter")
    assert {(row["payload_bytes"], row["truncated"]) for row in rows} == {(len(many_fields), True), (BOMB_SIZE, True)}
    assert await harness.differences(replace(workload_of(valid), rejected=Counter(too_large=2))) == []
    assert [replica.process.returncode for replica in (ingest, nps)] == [None, None]
    assert (await ingest.probe())[0] == 200
