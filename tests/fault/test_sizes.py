"""Records that are more than they seem: the service lives, they become letters, and good ones go on counting."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from shared.contracts.catalogue import RAW, Stream
from tests.fault.events import answered
from tests.fault.log import judged
from tests.fault.poison import MIB
from tests.fault.stage import Stage, both

BOMB = 300 * MIB


async def _send(stage: Stage, value: bytes, **settings: Any) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=stage.product.kafka, max_request_size=2 * BOMB, **settings)
    await producer.start()
    try:
        await producer.send_and_wait(stage.product.topic_prefix + RAW[Stream.FEEDBACK].name, value)
    finally:
        await producer.stop()


async def test_bombs_and_floods(stage: Stage) -> None:
    ingest, nps = await both(stage.start("ingest"), stage.start("nps"))
    many = answered("many", **{f"kentta-{n:06}": n for n in range(200_000)})
    assert len(many) > 4.2 * MIB
    await _send(stage, many, compression_type="zstd")
    await _send(stage, b"\0" * BOMB, compression_type="zstd")
    with pytest.raises(MessageSizeTooLargeError):
        await _send(stage, b"x" * (4 * MIB + MIB // 2))
    good = [answered(f"good{n}") for n in range(20)]
    await stage.product.load(good)
    await stage.product.wait()

    rows = await stage.product.fetch("select payload_bytes, truncated from ingest.dead_letter")
    assert {(row["payload_bytes"], row["truncated"]) for row in rows} == {(len(many), True), (BOMB, True)}
    assert await stage.wrong(replace(judged(good), rejected=Counter(too_large=2))) == []
    assert [replica.process.returncode for replica in (ingest, nps)] == [None, None]
    assert (await ingest.probe())[0] == 200
