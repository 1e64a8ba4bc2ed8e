"""The content of a quarter's report: numbers, codes and names in every language, and nothing of its looks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

Language = Literal["fi", "sv", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("fi", "sv", "en")

Unit = Literal["count", "share", "percent", "points", "ratio", "wait", "boolean"]
"""`share` is 0..1, `percent` a whole per cent, `points` of a score or index, `wait` in seconds, `boolean` 1 or 0."""
Reason = Literal["hidden", "missing", "undefined", "not_set"]
"""Why there is no number: under disclosure control, no published row, a denominator of 0, or nobody set one."""
State = Literal["final", "provisional", "none"]


@dataclass(frozen=True, slots=True)
class Name:
    """What people call a code. A language without a name is not in `names`."""

    code: str
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Value:
    """A number, or both ends of an interval, or the reason why there is none."""

    unit: Unit
    number: float | None = None
    high: float | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """From one published number to another: in per cent points (of shares) or units, and in per cent of the old one."""

    before: Value
    now: Value
    points: float | None
    relative: float | None


@dataclass(frozen=True, slots=True)
class Column:
    """`source` is view.column; `label` a key of `columns` in figures.yaml."""

    source: str
    label: str
    unit: Unit


@dataclass(frozen=True, slots=True)
class Row:
    """`total`: the row of the whole county. `change`: of the table's headline since the previous quarter."""

    names: tuple[Name, ...]
    values: tuple[Value, ...]
    total: bool
    low_n: bool
    hidden: bool
    change: Change


@dataclass(frozen=True, slots=True)
class Table:
    """`keys` name the columns of `Row.names`; `headline` is the column whose changes are shown.

    `level` is the lowest scope level of its rows.
    """

    id: str
    part: str
    level: str
    views: tuple[str, ...]
    keys: tuple[str, ...]
    columns: tuple[Column, ...]
    headline: Column
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """A period of a trend, with its interval where the figure has one."""

    period: str
    value: Value
    interval: Value | None


@dataclass(frozen=True, slots=True)
class Trend:
    """`kind` of the periods, oldest first."""

    kind: Literal["month", "quarter"]
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class KeyResult:
    """A key result in the quarter. `status` is people's word, everything else is computed from what is published.

    `coverage` is 0..1 of the units, None where it has no meaning. `met` is None where a number is missing. `interval`
    is that of the actual value, if it has one. `margin`, in the unit of the column, is what `met` allows for.
    """

    id: str
    objective: str
    name: Name
    owner: str
    metric: str
    direction: str
    baseline: Value
    target: Value
    actual: Value
    interval: Value | None
    low_n: bool
    margin: float
    change_points: float | None
    change_relative: float | None
    progress: float | None
    met: bool | None
    coverage: float | None
    status: str | None
    status_by: str | None
    status_at: datetime | None
    comment: str | None
    trend: Trend


@dataclass(frozen=True, slots=True)
class Narrative:
    """Markdown that people wrote about an objective in the quarter."""

    language: str
    text: str
    said_by: str
    said_at: datetime


@dataclass(frozen=True, slots=True)
class Objective:
    """An objective with its key results, in the order of the register. `id` is empty for key results without one."""

    id: str
    name: Name
    description: Name
    narratives: tuple[Narrative, ...]
    key_results: tuple[KeyResult, ...]


@dataclass(frozen=True, slots=True)
class Edition:
    """What was published when the period was closed for the last time."""

    number: int
    closed_at: datetime
    closed_by: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Restatement:
    """A published value that is another now than in the newest edition. `keys` are all keys of its row; `names` those
    that narrow it down.
    """

    view: str
    keys: Mapping[str, str]
    names: tuple[Name, ...]
    column: str
    before: Value
    now: Value
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hidden:
    """How many rows of a table are hidden."""

    table: str
    hidden: int
    rows: int


@dataclass(frozen=True, slots=True)
class Gap:
    """What a reader would miss without being told. `kind` is the part after `gap_` of a text."""

    kind: Literal["not_published", "no_rows", "months", "failed"]
    family: str
    year: int = 0
    months: tuple[str, ...] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A quarter of a county."""

    county: str
    county_name: Name
    quarter: str
    previous: str
    state: State
    edition: Edition | None
    published_at: datetime | None
    objectives: tuple[Objective, ...]
    tables: tuple[Table, ...]
    restatements: tuple[Restatement, ...]
    hidden: tuple[Hidden, ...]
    hidden_levels: tuple[str, ...]
    gaps: tuple[Gap, ...]
