"""A figure of the quarter: a number out of the rows of a view, or of a table of `report`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.oracle.compare import KEYS
from tests.seeds import COUNTY, QUARTER

Row = Mapping[str, Any]
Tables = Mapping[str, Iterable[Row]]
"""The rows of the county by view."""

_DEFAULTS: Final = {"period": QUARTER, "scope_level": "county", "scope": COUNTY, "channel": "all", "segment": "all"}
_WITH_ALL: Final = ("kind", "theme", "sector", "event_class", "battery", "sex")
_KIND_HAS_NO_ALL: Final = ("hyte", "common_clients")


@dataclass(frozen=True, slots=True)
class Figure:
    """`column` of the row with these keys. The county, the quarter and `all` need not be named.

    Several rows are summed: those of a key with a tuple of values, or of all results of Suuntima. `column` may be a sum
    of columns (`c4+c5`) and a quotient of two (`c4+c5/n`).
    """

    view: str
    column: str
    keys: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    def value(self, tables: Tables) -> float | None:
        """None where one of the rows is hidden. Raises AssertionError where there is no row."""
        over, _, under = self.column.partition("/")
        top = self._sum(tables, over)
        bottom = self._sum(tables, under) if under else 1
        return None if top is None or bottom is None else top / bottom

    def __str__(self) -> str:
        return f"{self.view}.{self.column} {' '.join(f'{name}={value}' for name, value in self.keys.items())}"

    def _sum(self, tables: Tables, columns: str) -> float | None:
        wanted = _DEFAULTS | dict.fromkeys(_further(self.view), "all") | dict(self.keys)
        found = [row for row in tables[self.view] if all(_is(row[name], value) for name, value in wanted.items())]
        assert found, f"no row of {self}"
        values = [row[column] for row in found for column in columns.split("+")]
        return None if None in values else sum(values)


def _is(value: object, wanted: str | tuple[str, ...]) -> bool:
    return value in wanted if isinstance(wanted, tuple) else value == wanted


def _further(view: str) -> list[str]:
    """The further keys of the view that have a value `all`."""
    return [name for name in KEYS[view] if name in _WITH_ALL and view not in _KIND_HAS_NO_ALL]
