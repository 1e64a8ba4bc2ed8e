"""Header names that are not UTF-8. aiokafka decodes header names while it iterates a batch. One invalid name would
block its partition for ever and lose records already drained from others. This module reads such a batch again and
decodes its names with replacement characters.
"""

from collections.abc import Iterator
from typing import Any, Final

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

_LENGTH_OFFSET: Final = 8  # after the base offset: four bytes, the length of the rest
_PREFIX_BYTES: Final = 12


class _TolerantBytes(bytearray):
    """Bytes whose slices decode with replacement characters."""

    def __getitem__(self, index: Any) -> Any:
        part = super().__getitem__(index)
        return _TolerantBytes(part) if isinstance(index, slice) else part

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return super().decode(encoding, "replace")


class _Batch:
    """A batch of the client, with a fallback for records that the client cannot decode."""

    def __init__(self, batch: Any, raw: bytes) -> None:
        self._batch, self._raw = batch, raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        last_offset = -1
        try:
            for record in self._batch:
                last_offset = record.offset
                yield record
        except UnicodeDecodeError:
            yield from (record for record in self._tolerant() if record.offset > last_offset)

    def __next__(self) -> Any:
        """Return the one record of a transaction marker, which has no headers. The client calls this under
        `read_committed`."""
        return next(self._batch)

    def _tolerant(self) -> Iterator[Any]:
        batch = _DefaultRecordBatchPy(self._raw)
        batch._maybe_uncompress()
        batch._buffer = _TolerantBytes(batch._buffer)
        return iter(batch)


class TolerantRecords:
    """The batches of one fetch; replaces the client's `MemoryRecords`."""

    def __init__(self, raw: bytes) -> None:
        self._records, self._raw, self._position = MemoryRecords(raw), bytes(raw), 0

    def has_next(self) -> bool:
        """Whether another whole batch follows."""
        return bool(self._records.has_next())

    def next_batch(self) -> _Batch:
        """Return the next batch."""
        start = self._position
        prefix = self._raw[start : start + _PREFIX_BYTES]
        end = start + _PREFIX_BYTES + int.from_bytes(prefix[_LENGTH_OFFSET:], "big")
        raw, self._position = self._raw[start:end], end
        return _Batch(self._records.next_batch(), raw)

    def size_in_bytes(self) -> int:
        """Return the size of the fetch."""
        return int(self._records.size_in_bytes())


def tolerate_header_names() -> None:
    """Make every consumer of this process tolerate header names that are not UTF-8."""
    fetcher.MemoryRecords = TolerantRecords
