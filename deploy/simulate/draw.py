"""Fast draws: proportions become tables, so that a draw is one random number and one look-up.

Where one event needs many draws, 60 random bits are taken at once and ten of them used for each table.
"""

import math
from collections.abc import Callable, Mapping
from random import Random
from typing import TypeVar

T = TypeVar("T")

SIZE = 1024
"""Entries of a table: about tenths of a per cent, and ten bits."""
MASK = SIZE - 1


def table(weights: Mapping[T, float]) -> list[T]:
    """SIZE entries in proportion to the weights; draw with `entries[int(random() * SIZE)]`."""
    total = sum(weights.values())
    entries: list[T] = []
    cumulative = 0.0
    for value, weight in weights.items():
        cumulative += weight
        entries += [value] * (round(SIZE * cumulative / total) - len(entries))
    return entries


def exponential(mean: float, minimum: int, maximum: int) -> list[int]:
    """SIZE quantiles of an exponential distribution of whole seconds, cut at both ends."""
    quantiles = (-mean * math.log(1 - (i + 0.5) / SIZE) for i in range(SIZE))
    return [min(maximum, max(minimum, round(q))) for q in quantiles]


def count(rng: Random, mean: float) -> int:
    """A number of things a day: Poisson by inversion when small, its normal approximation above 30."""
    if mean > 30:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    random: Callable[[], float] = rng.random
    number, product, limit = 0, random(), math.exp(-mean)
    while product > limit:
        number += 1
        product *= random()
    return number


def profile(by_hour: Mapping[int, float]) -> list[int]:
    """SIZE seconds of the day that follow weights by hour, evenly inside an hour."""
    total = sum(by_hour.values())
    seconds: list[int] = []
    cumulative = 0.0
    for hour, weight in sorted(by_hour.items()):
        cumulative += weight
        wanted = round(SIZE * cumulative / total) - len(seconds)
        seconds += [hour * 3600 + round(3600 * i / wanted) for i in range(wanted)]
    return seconds
