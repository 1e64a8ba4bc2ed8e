"""The sizes of a full and a quick benchmark."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of events and rounds; seconds."""

    events: int  # of one log
    rounds: int  # per service
    naive_s: float  # the naive service is measured this long, not over the whole log
    histories: tuple[int, ...]  # stored facts before the rate is measured
    slices: int  # measurements of the rate per history
    slice_events: int
    fresh_s: float
    raw: int  # lines of every stream for ingest
    fresh_histories: int  # histories on an empty database, for plan flips
    reading: int  # stored contacts or service events when figures are read
    labels: int  # facts to relabel
    changes: int  # changed memberships, one by one
    killed: int  # events of the log in which the contenders of the side-by-side comparison are killed
    rest: int  # facts of each of 21 counties whose service rests
    rest_s: float
    published: tuple[tuple[int, int], ...]  # units and yearly responses of counties to publish


FULL: Final = Sizes(
    *(60_000, 3, 8.0, (300_000, 1_000_000, 3_000_000), 3, 30_000, 30.0, 150_000, 40, 10_000_000, 100_000, 60, 12_000),
    rest=300_000,
    rest_s=30.0,
    published=((52, 12_500), (400, 50_000)),
)
QUICK: Final = Sizes(
    *(20_000, 1, 2.0, (30_000, 60_000), 1, 12_000, 4.0, 30_000, 2, 300_000, 5_000, 8, 3_000),
    rest=10_000,
    rest_s=15.0,
    published=((52, 3_000),),
)
