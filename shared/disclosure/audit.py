"""Makes one column of a publication safe: attacks it, and hides more rows until nothing of small rows follows.

What does not follow never will: a direction along which a count moves stays one when more is hidden. So columns can be
made safe one after another, and an attack is repeated only where something followed.
"""

from collections.abc import Iterable

from shared.disclosure.columns import Column
from shared.disclosure.component import Component, Components
from shared.disclosure.hide import Suppression
from shared.disclosure.repair import Repair, make_unknown
from shared.disclosure.system import System


class Audit:
    """The audit of one column. `attacked`: how many unknown counts the attacks had, in sum."""

    def __init__(self, suppression: Suppression, column: Column) -> None:
        self._system, self._column = System(suppression, column), column
        self._components = Components(self._system)
        self._moving: set[int] = set()
        self._repair = Repair(self._system, self._moving)
        self.attacked = 0

    def unsafe(self, most: int) -> list[int]:
        """Hide rows until nothing follows. Returns the small rows of which it still does, because nothing is left to
        hide, or because the next attack would be on more than `most` counts in sum."""
        for row in self._column.small:
            if not make_unknown(self._system, row):
                return [row]
        found = self._attack(self._column.small)
        while found:
            if self.attacked > most or not self._repair.repair(found):
                return sorted(found)
            found = self._attack(found)
        return []

    def _attack(self, rows: Iterable[int]) -> dict[int, set[int]]:
        """The rows of which something follows from several equations, each with all that follows around it."""
        found: dict[int, set[int]] = {}
        reached: set[int] = set()
        attacked = dict.fromkeys(rows)
        for start in attacked:
            if start not in reached:
                component = self._components.of(start)
                reached |= component.unknowns
                following = self._following(component)
                proven = [row for row in attacked if row in following]
                found |= dict.fromkeys(proven, following)
                if not proven:
                    self._components.drop(component)
        return found

    def _following(self, component: Component) -> set[int]:
        """The unknown counts of a component that follow."""
        unknowns = component.unknowns
        self.attacked += len(unknowns)
        # What moves upwards in some direction is not held by its least value in any sum of directions.
        following = component.following(self._system.tight(unknowns) - self._moving)
        self._moving |= unknowns - following
        return following
