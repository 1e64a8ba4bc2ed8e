"""A header name that is not UTF-8 costs nothing: its record and its neighbours are read."""

import pytest
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from shared.edge.header_names import TolerantRecords, tolerate_header_names


def fetched(compression: int) -> bytes:
    """Two batches of three records; the middle one of each has a header called `bad!`, which is then no UTF-8."""
    raw = b""
    for first in (0, 3):
        builder = DefaultRecordBatchBuilder(2, compression, 0, -1, -1, -1, 1_000_000)
        for place in range(3):
            headers = [("bad!", b"v"), ("ok", None)] if place == 1 else [("good", b"w")]
            builder.append(place, 1_700_000_000_000, b"k", b"value %d" % (first + place), headers)
        batch = bytearray(builder.build())
        batch[0:8] = first.to_bytes(8, "big")
        raw += bytes(batch)
    return raw.replace(b"bad!", b"\xff\xfe\xfd!")


def read(records: TolerantRecords) -> list[tuple[int, bytes, list[tuple[str, bytes | None]]]]:
    found = []
    while records.has_next():
        found += [(r.offset, r.value, list(r.headers)) for r in records.next_batch()]
    return found


def test_every_record_is_read_once() -> None:
    found = read(TolerantRecords(fetched(0)))
    assert [offset for offset, *_ in found] == list(range(6))
    assert [value for _, value, _ in found] == [b"value %d" % number for number in range(6)]
    assert found[1][2] == [("\ufffd\ufffd\ufffd!", b"v"), ("ok", None)]
    assert found[4][2] == found[1][2]


def test_the_client_alone_cannot() -> None:
    records = MemoryRecords(fetched(0))
    with pytest.raises(UnicodeDecodeError):
        list(records.next_batch())


def test_consumers_read_by_it() -> None:
    tolerate_header_names()
    assert fetcher.MemoryRecords is TolerantRecords
