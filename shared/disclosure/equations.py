"""How published populations add up: every sum that an attacker can form of the rows of one publication.

A row that does not exist counts 0, and everybody knows it. An equation names existing rows only.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from shared.disclosure.model import ALL, CHANNEL, FURTHER, SEGMENT, Cell
from shared.disclosure.nesting import Group
from shared.disclosure.periods import parents

Nesting = Mapping[tuple[str, str], Sequence[Group]]
"""By pair of levels the groups of one period."""


class Equation(NamedTuple):
    """The populations of `wholes` sum to those of `parts`; without wholes, the sum of the parts is known."""

    wholes: tuple[Cell, ...]
    parts: tuple[Cell, ...]


def equations(populations: Mapping[Cell, int], nesting: Mapping[tuple[str, str], Nesting]) -> Iterator[Equation]:
    """The equations among the published rows of one county and year.

    `nesting` is by (period_kind, period). Sums that do not hold are left out: numbers of clients, unless a whole has a
    single part, and months in which the figures of the segments begin.
    """
    for equation in _all(populations, nesting):
        wholes, parts = equation
        if sum(map(populations.__getitem__, wholes)) == sum(map(populations.__getitem__, parts)) and (
            wholes[0].view.additive or len(wholes) == len(parts) == 1
        ):
            yield equation
    yield from _results(populations)
    yield from _equal(populations)


def _all(populations: Mapping[Cell, int], nesting: Mapping[tuple[str, str], Nesting]) -> Iterator[Equation]:
    yield from _of_keys(populations)
    yield from _of_periods(populations)
    yield from _of_scopes(populations, nesting)
    yield from _of_lines(populations)


def _of_keys(populations: Mapping[Cell, int]) -> Iterator[Equation]:
    """Channels, segments and further keys that sum to 'all'."""
    parts: dict[Cell, list[Cell]] = defaultdict(list)
    for cell in populations:
        for position in _summed(cell):
            if cell[position] != ALL:
                parts[cell.replaced(position, ALL)].append(cell)
                break  # a published row has chosen one key at most
    # Parts of different keys share their whole: they are different sums.
    for whole, cells in parts.items():
        by_key: dict[int, list[Cell]] = defaultdict(list)
        for cell in cells:
            by_key[next(p for p in _summed(cell) if cell[p] != ALL)].append(cell)
        for found in by_key.values():
            if whole in populations:
                yield Equation((whole,), tuple(found))


def _summed(cell: Cell) -> Iterator[int]:
    view = cell.view
    if view.channels is None:  # where a channel is not published, its contacts are an unknown of their own
        yield CHANNEL
    yield SEGMENT
    for name in view.sums:
        yield FURTHER + view.further.index(name)


def _of_periods(populations: Mapping[Cell, int]) -> Iterator[Equation]:
    parts: dict[tuple[Cell, str], list[Cell]] = defaultdict(list)
    for cell in populations:
        for kind, period in parents(cell.period_kind, cell.period):
            whole = Cell((cell[0], kind, period, *cell[3:]))
            parts[whole, cell.period_kind].append(cell)
    for (whole, _), cells in parts.items():
        if whole in populations:
            yield Equation((whole,), tuple(cells))


def _of_scopes(populations: Mapping[Cell, int], nesting: Mapping[tuple[str, str], Nesting]) -> Iterator[Equation]:
    by_rest: dict[tuple[str, ...], dict[str, dict[str, Cell]]] = defaultdict(lambda: defaultdict(dict))
    for cell in populations:
        by_rest[(*cell[:3], *cell[5:])][cell.level][cell.scope] = cell
    for rest, levels in by_rest.items():
        for (whole, part), found in nesting.get((rest[1], rest[2]), {}).items():
            if whole not in levels or part not in levels:
                continue
            for group in found:
                wholes = tuple(levels[whole][code] for code in group.wholes if code in levels[whole])
                parts = tuple(levels[part][code] for code in group.parts if code in levels[part])
                if wholes and parts:
                    yield Equation(wholes, parts)


def _of_lines(populations: Mapping[Cell, int]) -> Iterator[Equation]:
    lines: dict[tuple[str, ...], list[Cell]] = defaultdict(list)
    county: dict[tuple[str, ...], Cell] = {}
    for cell in populations:
        if cell.level == "line":
            lines[(*cell[:3], *cell[5:])].append(cell)
        elif cell.level == "county":
            county[(*cell[:3], *cell[5:])] = cell
    for rest, parts in lines.items():
        if rest in county:
            yield Equation((county[rest],), tuple(parts))


def _results(populations: Mapping[Cell, int]) -> Iterator[Equation]:
    """The results of an assessment: their total follows from the share of any of them."""
    found: dict[tuple[str, ...], list[Cell]] = defaultdict(list)
    for cell in populations:
        if cell[0] == "suuntima":
            found[cell[:-1]].append(cell)
    for cells in found.values():
        yield Equation((), tuple(cells))


def _equal(populations: Mapping[Cell, int]) -> Iterator[Equation]:
    """Rows of one population in two views, or in two windows."""
    for cell in populations:
        twin = _twin(cell)
        if twin is not None and twin in populations:
            yield Equation((twin,), (cell,))


def _twin(cell: Cell) -> Cell | None:
    match cell[0]:
        case "fcr_confirmed":
            return Cell(("fcr", *cell[1:FURTHER]))
        case "fcr_client" if cell.further("window_days") != "7":
            return Cell((*cell[:FURTHER], "7"))
    return None
