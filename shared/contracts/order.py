"""The order of facts as one byte string: comparing bytes compares (`revision`, `time`, `source`, `id`, digest).

Stored beside a fact, so that the database decides who wins without knowing the parts. UTF-8 orders as code points
do, and U+0000, which neither `source` nor `id` can hold, ends a text so that a prefix comes first.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1, 1, 1, tzinfo=UTC)
_DAY: Final = 86_400_000_000  # microseconds
_LENGTH, _TIME, _DIGEST = 2, 8, 32  # bytes


@dataclass(frozen=True, slots=True, order=True)
class Order:
    """The parts of an order, the first that differs deciding. `time` is aware, `digest` 32 bytes."""

    revision: int
    time: datetime
    source: str
    id: str
    digest: bytes


def rank(revision: int, time: datetime, source: str, id: str, digest: bytes) -> bytes:
    """The byte string. `revision` >= 1 of any length up to 65,535 digits; `time` aware."""
    digits = str(revision).encode("ascii")
    since = time - _EPOCH
    microseconds = since.days * _DAY + since.seconds * 1_000_000 + since.microseconds
    return b"".join(
        (
            len(digits).to_bytes(_LENGTH),
            digits,
            microseconds.to_bytes(_TIME),
            source.encode("utf-8"),
            b"\0",
            id.encode("utf-8"),
            b"\0",
            digest,
        )
    )


def unrank(value: bytes) -> Order:
    """The parts of what `rank` made; the time in UTC. Raises ValueError on anything else."""
    start = _LENGTH + int.from_bytes(value[:_LENGTH])
    digest = value[-_DIGEST:]
    source, id, rest = value[start + _TIME : -_DIGEST].split(b"\0")
    if rest or len(digest) != _DIGEST:
        raise ValueError("not an order of facts")
    return Order(
        revision=int(value[_LENGTH:start]),
        time=_EPOCH + timedelta(microseconds=int.from_bytes(value[start : start + _TIME])),
        source=source.decode("utf-8"),
        id=id.decode("utf-8"),
        digest=digest,
    )
