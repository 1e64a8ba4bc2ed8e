"""A record with a header name that is not UTF-8 is read, and so are the records around it."""

import pytest
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from shared.edge.header_names import TolerantRecords, tolerate_header_names


def fetched(compression: int) -> bytes:
    """Return two batches of three records. The second record of each has a header name that is not UTF-8."""
    raw = b""
    for first in (0, 3):
        builder = DefaultRecordBatchBuilder(2, compression, 0, -1, -1, -1, 1_000_000)
        for index in range(3):
            headers = [("bad!", b"v"), ("ok", None)] if index == 1 else [("good", b"w")]
            builder.append(index, 1_700_000_000_000, b"k", b"value %d" % (first + index), headers)
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


def test_unchanged_client_cannot_read_such_a_record() -> None:
    records = MemoryRecords(fetched(0))
    with pytest.raises(UnicodeDecodeError):
        list(records.next_batch())


def test_consumers_use_the_tolerant_records() -> None:
    tolerate_header_names()
    assert fetcher.MemoryRecords is TolerantRecords
