"""What an attacker of one publication looks for, column by column.

Attacked are the population of a row and each of its categories that is not zero, column by column: they add up alike.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.disclosure.hide import Suppression
from shared.disclosure.model import FURTHER, VIEWS, Cell, Counts


@dataclass(frozen=True, slots=True)
class Column:
    """What is attacked at once: a category of a view, or the populations of all views (`view` is empty).

    `rows`: all that have it. `small`: the rows of which it must not follow. `tight`: the rows in which it has its least
    value. `sums_of`: by row the equations in which it adds up.
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
    single = {row for row, population in enumerate(populations) if population <= 1}
    own = {number for number in independent if _adds_up([cells[row] for row in suppression.sums[number].rows])}
    sums_of = [[number for number in sums if number in own] for sums in suppression.sums_of]
    rows_of: dict[str, list[int]] = {}
    for row, cell in enumerate(cells):
        rows_of.setdefault(cell[0], []).append(row)
    for view, rows in rows_of.items():
        for category in VIEWS[view].categories:
            # A category cannot fall below 0. Nor does the only one of a row fall: the row would be empty.
            values = {row: counts_of[row][category] for row in rows}
            tight = {row for row, value in values.items() if not value or row in single}
            yield Column(view, category, rows, [row for row in rows if row in small and values[row]], tight, sums_of)
    sums_of = [[number for number in sums if number in independent] for sums in suppression.sums_of]
    yield Column("", "", range(len(cells)), sorted(small), single, sums_of)


def _adds_up(cells: Sequence[Cell]) -> bool:
    """Whether an equation of populations is one of categories, too. Windows have equal clients, but other repeats."""
    if any(cell[0] != cells[0][0] for cell in cells):
        return False
    return cells[0].view.additive or len({cell[FURTHER:] for cell in cells}) == 1
