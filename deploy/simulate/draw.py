"""Fast random draws: weights become tables, so that a draw is one random number and one table access.

Callers that need several draws take many random bits at a time and use ten of them for each table.
"""

import math
from collections.abc import Callable, Mapping
from random import Random
from typing import TypeVar

T = TypeVar("T")

SIZE = 1024
"""Entries of a table, indexed by ten bits: a resolution of about 0.1 %."""
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
    """SIZE quantiles of an exponential distribution in whole seconds, clamped to `minimum` and `maximum`."""
    quantiles = (-mean * math.log(1 - (i + 0.5) / SIZE) for i in range(SIZE))
    return [min(maximum, max(minimum, round(q))) for q in quantiles]


def count(rng: Random, mean: float) -> int:
    """A Poisson-distributed number: by multiplication of uniforms up to a mean of 30, else by normal approximation."""
    if mean > 30:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    random: Callable[[], float] = rng.random
    number, product, limit = 0, random(), math.exp(-mean)
    while product > limit:
        number += 1
        product *= random()
    return number


def profile(by_hour: Mapping[int, float]) -> list[int]:
    """SIZE seconds of the day, distributed by the weights of hours and evenly within an hour."""
    total = sum(by_hour.values())
    seconds: list[int] = []
    cumulative = 0.0
    for hour, weight in sorted(by_hour.items()):
        cumulative += weight
        wanted = round(SIZE * cumulative / total) - len(seconds)
        seconds += [hour * 3600 + round(3600 * i / wanted) for i in range(wanted)]
    return seconds
