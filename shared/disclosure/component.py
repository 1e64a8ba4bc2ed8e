"""The equations of a column by what connects them, kept solved while more counts become unknown."""

from collections.abc import Collection
from itertools import count
from typing import Final

from shared.disclosure.elimination import Elimination
from shared.disclosure.inference import following
from shared.disclosure.system import System

_GROWTH: Final = 4
"""What grows by more than one in so many counts is solved anew."""


class Component:
    """The equations that are connected with a row by unknown counts. `unknowns`: these counts."""

    def __init__(self, system: System, start: int) -> None:
        self._system, self._start = system, start
        self.connect()

    def connect(self) -> None:
        """Set the equations up anew."""
        rows = self._system.connected(self._start, self._system.numbers_of, self._system.unknowns)
        self.unknowns = {unknown for row in rows.values() for unknown in row}
        self._place = {number: place for place, number in enumerate(rows)}
        self._equations = Elimination(rows.values())
        self._has_grown = False

    def has_any(self, numbers: Collection[int]) -> bool:
        """Whether it has any of these equations."""
        return not self._place.keys().isdisjoint(numbers)

    def following(self, tight: set[int]) -> set[int]:
        """The unknown counts that follow, where those of `tight` are at their least value."""
        if any(unknown in tight for unknown, _ in self._equations.steps):
            self.connect()  # a tight count is not to be eliminated
        found = following(self._equations, tight)
        if found and self._has_grown:
            # Balancing is not exact, and may find too much in equations that were solved while they grew.
            self.connect()
            found = following(self._equations, tight)
        return found

    def grow(self, added: set[int]) -> None:
        """Add counts that have become unknown. No equation names both them and unknown counts of elsewhere."""
        numbers = {number for unknown in added for number in self._system.numbers_of(unknown)}
        rows = {number: self._system.unknowns(number) for number in numbers}
        if _GROWTH * len(added) > len(self.unknowns):
            self.connect()
            return
        unnamed = [number for number in rows if number not in self._place]
        self._place.update(zip(unnamed, count(len(self._place)), strict=False))
        self._equations.add_rows(
            {one: sign for one, sign in rows[number].items() if one not in added} for number in unnamed
        )
        columns: dict[int, dict[int, int]] = {unknown: {} for unknown in added}
        for number, row in rows.items():
            for unknown in added.intersection(row):
                columns[unknown][self._place[number]] = row[unknown]
        self._equations.add_unknowns(columns)
        self.unknowns |= added
        self._has_grown = True


class Components:
    """Those components of a column that are to be attacked again."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._kept: list[Component] = []

    def of(self, row: int) -> Component:
        """The component of an unknown count."""
        self._drop_vacuous()
        if self._system.new:
            self._grow()
        for known in self._kept:
            if row in known.unknowns:
                return known
        self._kept.append(Component(self._system, row))
        return self._kept[-1]

    def drop(self, component: Component) -> None:
        """Forget a component that need not be attacked again."""
        self._kept.remove(component)

    def _drop_vacuous(self) -> None:
        """Forget components with an equation that says nothing any more: they are set up anew without it."""
        vacuous = self._system.vacuous
        if vacuous:
            self._kept = [known for known in self._kept if not known.has_any(vacuous)]
            vacuous.clear()

    def _grow(self) -> None:
        """Add new unknown counts, and all that are connected with them, to the components that they touch."""
        new = self._system.new
        if not self._kept:
            new.clear()
        added_to: dict[Component, set[int]] = {}
        while new:
            added, touched = self._connected(new.pop())
            new -= added
            if len(touched) == 1:
                added_to.setdefault(touched.pop(), set()).update(added)
            else:  # components that have become one are set up anew
                self._kept = [known for known in self._kept if known not in touched]
        for known, added in added_to.items():
            if known in self._kept:
                known.grow(added)

    def _connected(self, new: int) -> tuple[set[int], set[Component]]:
        """The unknown counts that are connected with a new one outside of the components, and those that it touches."""
        touched: set[Component] = set()
        added, waiting, seen = {new}, [new], set()
        while waiting:
            for number in self._system.numbers_of(waiting.pop()):
                if number in seen:
                    continue
                seen.add(number)
                outside = {one for one in self._system.unknowns(number) if one not in added}
                for known in self._kept:
                    if not known.unknowns.isdisjoint(outside):
                        touched.add(known)
                        outside = outside - known.unknowns  # `-=` would visit all of these
                added |= outside
                waiting += outside
        return added, touched
