"""How much is measured: the whole, and a quick look."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of events and rounds; seconds."""

    events: int  # of one log
    rounds: int  # of every contender
    naive_s: float  # the naive service is watched this long, not to the end
    histories: tuple[int, ...]  # facts that are there before the rate is taken
    slices: int  # times the rate is taken at each history
    slice_events: int
    fresh_s: float
    raw: int  # lines of every stream for ingest
    starts: int  # times a history begins from nothing, for plans
    reading: int  # contacts, or service events, that are there when figures are read
    labels: int  # facts that come under another segment
    changes: int  # of memberships, one after the other


FULL: Final = Sizes(
    60_000, 3, 8.0, (300_000, 1_000_000, 3_000_000), 3, 30_000, 30.0, 150_000, 40, 10_000_000, 100_000, 60
)
QUICK: Final = Sizes(20_000, 1, 2.0, (30_000, 60_000), 1, 12_000, 4.0, 30_000, 2, 300_000, 5_000, 8)
