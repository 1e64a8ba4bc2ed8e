"""Quarters and months as keys have them: 2026Q1, 2026-03."""

import re
from datetime import date
from typing import Final

_QUARTER: Final = re.compile(r"(\d{4})Q([1-4])", re.ASCII)


def parse_quarter(text: str) -> tuple[int, int]:
    """Year and number of a quarter. Raises ValueError with a sentence for people."""
    found = _QUARTER.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise ValueError(f"{text} is not a quarter: write 2026Q1")
    return int(found[1]), int(found[2])


def first_day(quarter: str) -> date:
    year, number = parse_quarter(quarter)
    return date(year, 3 * number - 2, 1)


def quarters_until(quarter: str, n: int) -> list[str]:
    """The last `n` quarters until this one, oldest first; none before year 1."""
    year, number = parse_quarter(quarter)
    last = 4 * year + number - 1
    return [f"{i // 4:04}Q{i % 4 + 1}" for i in range(max(last - n + 1, 4), last + 1)]


def months_until(quarter: str, n: int) -> list[str]:
    """The last `n` months until the end of the quarter, oldest first; none before year 1."""
    year, number = parse_quarter(quarter)
    last = 12 * year + 3 * number - 1
    return [f"{i // 12:04}-{i % 12 + 1:02}" for i in range(max(last - n + 1, 12), last + 1)]


def previous(quarter: str) -> str:
    """The quarter before; of the first of all, itself."""
    return quarters_until(quarter, 2)[0]
