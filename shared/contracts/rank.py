"""The rank of an event: a byte string that sorts like (`revision`, `time`, `source`, `id`, digest).

It is stored with a fact, so that the database decides which event wins without knowing the parts. UTF-8 sorts like code
points. U+0000, which neither `source` nor `id` can contain, ends a text, so that a prefix sorts first.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1, 1, 1, tzinfo=UTC)
_DAY: Final = 86_400_000_000  # microseconds
_LENGTH, _TIME, _DIGEST = 2, 8, 32  # bytes
_FIRST_REVISION: Final = b"\0\x011"


@dataclass(frozen=True, slots=True, order=True)
class RankParts:
    """The parts of a rank, most significant first. `time` is aware, `digest` has 32 bytes."""

    revision: int
    time: datetime
    source: str
    id: str
    digest: bytes


def encode_rank(revision: int, time: datetime, source: str, id: str, digest: bytes) -> bytes:
    """Return the byte string. `revision` >= 1 has up to 65,535 digits; `time` is aware."""
    if revision == 1:  # nearly always
        first = _FIRST_REVISION
    else:
        digits = str(revision).encode("ascii")
        first = len(digits).to_bytes(_LENGTH) + digits
    since = time - _EPOCH
    microseconds = since.days * _DAY + since.seconds * 1_000_000 + since.microseconds
    return b"%b%b%b%b" % (first, microseconds.to_bytes(_TIME), f"{source}\0{id}\0".encode(), digest)


def decode_rank(value: bytes) -> RankParts:
    """Return the parts of a rank, with the time in UTC. Raises ValueError on anything else."""
    start = _LENGTH + int.from_bytes(value[:_LENGTH])
    digest = value[-_DIGEST:]
    source, id, rest = value[start + _TIME : -_DIGEST].split(b"\0")
    if rest or len(digest) != _DIGEST:
        raise ValueError("not a rank")
    return RankParts(
        revision=int(value[_LENGTH:start]),
        time=_EPOCH + timedelta(microseconds=int.from_bytes(value[start : start + _TIME])),
        source=source.decode("utf-8"),
        id=id.decode("utf-8"),
        digest=digest,
    )
