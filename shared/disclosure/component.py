"""The equations of a column by what connects them, kept solved while more counts become unknown."""

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

    def following(self, tight: set[int]) -> set[int]:
        """The unknown counts that follow, where those of `tight` are at their least value."""
        if any(unknown in tight for unknown, _ in self._equations.steps):
            self.connect()  # a tight count is not to be eliminated
        return following(self._equations, tight)

    def grow(self, added: set[int]) -> None:
        """Add counts that have become unknown. No equation names both them and unknown counts of elsewhere."""
        numbers = {number for unknown in added for number in self._system.numbers_of(unknown)}
        rows = {number: self._system.unknowns(number) for number in numbers}
        # An equation of results says nothing any more when all of it is hidden.
        if _GROWTH * len(added) > len(self.unknowns) or not all(rows.values()):
            self.connect()
            return
        for number, row in rows.items():
            if number not in self._place:
                self._place[number] = len(self._place)
                self._equations.add_rows([{one: sign for one, sign in row.items() if one not in added}])
        columns: dict[int, dict[int, int]] = {unknown: {} for unknown in added}
        for number, row in rows.items():
            for unknown in added.intersection(row):
                columns[unknown][self._place[number]] = row[unknown]
        self._equations.add_unknowns(columns)
        self.unknowns |= added


class Components:
    """Those components of a column that are to be attacked again."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._kept: list[Component] = []

    def of(self, row: int) -> Component:
        """The component of an unknown count."""
        while self._system.new:
            self._add(self._system.new.pop())
        for known in self._kept:
            if row in known.unknowns:
                return known
        self._kept.append(Component(self._system, row))
        return self._kept[-1]

    def drop(self, component: Component) -> None:
        """Forget a component that need not be attacked again."""
        self._kept.remove(component)

    def _add(self, new: int) -> None:
        """Add a new unknown count, and all that are connected with it, to the component that they touch."""
        touched: list[Component] = []
        added, waiting, seen = {new}, [new], set()
        while waiting:
            for number in self._system.numbers_of(waiting.pop()):
                if number not in seen:
                    seen.add(number)
                    for one in self._system.unknowns(number):
                        known = next((known for known in self._kept if one in known.unknowns), None)
                        if known is None and one not in added:
                            added.add(one)
                            waiting.append(one)
                        elif known is not None and known not in touched:
                            touched.append(known)
        self._system.new -= added
        if len(touched) == 1:
            touched[0].grow(added)
        elif touched:
            touched[0].connect()
            for other in touched[1:]:
                self.drop(other)
