"""Header names that are not UTF-8: aiokafka decodes them while it iterates a batch, and one that cannot be decoded
would stop its partition for ever and lose what was drained from others. Here such a batch is read again, forgivingly.
"""

from collections.abc import Iterator
from typing import Any, Final

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

_LENGTH_AT: Final = 8  # after the base offset: four bytes, the length of the rest
_FRAME: Final = 12


class _TolerantBytes(bytearray):
    """Bytes whose parts decode with replacement characters."""

    def __getitem__(self, place: Any) -> Any:
        part = super().__getitem__(place)
        return _TolerantBytes(part) if isinstance(place, slice) else part

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return super().decode(encoding, "replace")


class _Batch:
    """A batch as the client reads it, with a second way for the records that it cannot read."""

    def __init__(self, batch: Any, raw: bytes) -> None:
        self._batch, self._raw = batch, raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        given = -1
        try:
            for record in self._batch:
                given = record.offset
                yield record
        except UnicodeDecodeError:
            yield from (record for record in self._again() if record.offset > given)

    def __next__(self) -> Any:
        """What the client asks for where it reads committed records alone: the one record of the end of a transaction,
        which has no headers."""
        return next(self._batch)

    def _again(self) -> Iterator[Any]:
        batch = _DefaultRecordBatchPy(self._raw)
        batch._maybe_uncompress()
        batch._buffer = _TolerantBytes(batch._buffer)
        return iter(batch)


class TolerantRecords:
    """What a fetch brought, batch by batch; stands in for the client's own class."""

    def __init__(self, raw: bytes) -> None:
        self._records, self._raw, self._at = MemoryRecords(raw), bytes(raw), 0

    def has_next(self) -> bool:
        """Whether another whole batch is there."""
        return bool(self._records.has_next())

    def next_batch(self) -> _Batch:
        """The next batch."""
        end = self._at + _FRAME + int.from_bytes(self._raw[self._at + _LENGTH_AT : self._at + _FRAME], "big")
        raw, self._at = self._raw[self._at : end], end
        return _Batch(self._records.next_batch(), raw)

    def size_in_bytes(self) -> int:
        """Bytes of the fetch."""
        return int(self._records.size_in_bytes())


def tolerate_header_names() -> None:
    """Let every consumer of this process read header names forgivingly."""
    fetcher.MemoryRecords = TolerantRecords
