"""What an attacker of one publication looks for, column by column.

Attacked are the population of a row and each of its categories that is not zero, column by column: they add up alike.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared.disclosure.hide import Suppression
from shared.disclosure.model import FURTHER, VIEWS, Cell, Counts

_AT_ONCE: Final = 10_000
"""The least number of rows in a part of a column, except the last: smaller parts take less memory."""


@dataclass(frozen=True, slots=True)
class Column:
    """What is attacked at once: a category of a view, or the populations of all views (`view` is empty).

    `rows`: those that have it, or some of them with all that equations connect with these. `small`: the rows of which
    it must not follow. `tight`: the rows in which it has its least value. `sums_of`: by row the equations in which it
    adds up.
    """

    view: str
    category: str
    rows: Sequence[int]
    small: Sequence[int]
    tight: Collection[int]
    sums_of: Sequence[Sequence[int]]


def columns(
    counts: Mapping[Cell, Counts], suppression: Suppression, independent: Collection[int], small: Collection[int]
) -> Iterator[Column]:
    """The columns to attack. `independent`: the equations that are no sums of others; `small`: rows."""
    cells, populations = suppression.cells, suppression.populations
    counts_of = [counts[cell] for cell in cells]
    own = {number for number in independent if _adds_up([cells[row] for row in suppression.sums[number].rows])}
    sums_of = [[number for number in sums if number in own] for sums in suppression.sums_of]
    rows_of: dict[str, list[int]] = {}
    for row, cell in enumerate(cells):
        rows_of.setdefault(cell[0], []).append(row)
    for view, of_view in rows_of.items():
        for rows in _parts(of_view, suppression, sums_of):
            for category in VIEWS[view].categories:
                # A category cannot fall below 0. Nor does the only one of a row fall: the row would be empty.
                if attacked := [row for row in rows if row in small and counts_of[row][category]]:
                    tight = {row for row in rows if populations[row] <= 1 or not counts_of[row][category]}
                    yield Column(view, category, rows, attacked, tight, sums_of)
    sums_of = [[number for number in sums if number in independent] for sums in suppression.sums_of]
    for rows in _parts(range(len(cells)), suppression, sums_of):
        if attacked := [row for row in rows if row in small]:
            yield Column("", "", rows, attacked, {row for row in rows if populations[row] <= 1}, sums_of)


def _adds_up(cells: Sequence[Cell]) -> bool:
    """Whether an equation of populations is one of categories, too. Windows have equal clients, but other repeats."""
    if any(cell[0] != cells[0][0] for cell in cells):
        return False
    return cells[0].view.additive or len({cell[FURTHER:] for cell in cells}) == 1


def _parts(rows: Sequence[int], suppression: Suppression, sums_of: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Divide rows so that no equation names rows of two parts."""
    reached: set[int] = set()
    part: list[int] = []
    for start in rows:
        if start in reached:
            continue
        reached.add(start)
        waiting = [start]
        while waiting:
            part.append(row := waiting.pop())
            new = {one for number in sums_of[row] for one in suppression.sums[number].rows} - reached
            reached |= new
            waiting += new
        if len(part) >= _AT_ONCE:
            yield sorted(part)
            part = []
    if part:
        yield sorted(part)
