"""The registers in memory: immutable, checked, with fast look-ups for one fact."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import Literal

from shared.registers.timeline import Timeline
from shared.registers.units import UnitRow, gap_row

SectorKind = Literal["health", "social"]
PromiseKind = Literal["minutes", "same_day", "working_days"]
Direction = Literal["increase", "decrease", "reach", "maintain"]
TargetMode = Literal["absolute", "relative", "points"]

PARTS = ("units", "sources", "sectors", "outcomes", "promises", "themes", "names", "segment_rule", "key_results")
NAMED = ("county", "division", "result_area", "service_area", "region", "line", "sector", "question", "theme")
"""Keys whose codes `names.csv` names: those of open lists that figures show. Units have their names in `units.csv`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The flags of one outcome in one classification ('' = every classification that is not listed)."""

    outcome: str
    classification: str
    resolved: bool
    first_line_resolvable: bool
    hyte: bool


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """The promise of a line from `valid_from` on (None = always). `amount` is minutes, working days or 0."""

    county: str
    line: str
    channel: str
    kind: PromiseKind
    amount: int
    valid_from: date | None


@dataclass(frozen=True, slots=True)
class CodeName:
    """The names of a code of a key of `NAMED`; '' where there is none in a language."""

    key: str
    code: str
    name_fi: str
    name_sv: str
    name_en: str


@dataclass(frozen=True, slots=True)
class SegmentRule:
    """The rule that makes a person a member of the multidisciplinary segment (docs/figures.md, Segments)."""

    version: str
    enabled: tuple[str, ...]
    figures_from: date
    e3_results: tuple[str, ...]
    e3_valid_days: int
    e4_min_sectors: int
    e4_window_days: int
    e6_scheme: str
    e6_segment: str


@dataclass(frozen=True, slots=True)
class Objective:
    """An objective, which key results measure. Descriptions may be empty."""

    id: str
    name_fi: str
    name_sv: str
    name_en: str
    description_fi: str
    description_sv: str
    description_en: str


@dataclass(frozen=True, slots=True)
class KeyResult:
    """A key result: a column of a view at one cell, its baseline and its target.

    `baseline` is a period text ('2025Q4'), a number, or None. `scope` has every key of the cell but the period;
    `channel` and `segment` default to 'all'.
    """

    id: str
    objective: str | None
    name_fi: str
    name_sv: str
    name_en: str
    view: str
    column: str
    scope: Mapping[str, str | int]
    direction: Direction
    target: float
    target_mode: TargetMode
    baseline: str | float | None
    margin: float
    owner: str
    valid_from: date | None
    valid_to: date | None

    @property
    def spec(self) -> dict[str, object]:
        """Return the key result as JSON-serialisable content, under the names of `key_results.yaml`."""
        baseline = self.baseline
        return {
            "id": self.id,
            "objective": self.objective,
            "name_fi": self.name_fi,
            "name_sv": self.name_sv,
            "name_en": self.name_en,
            "metric": f"{self.view}.{self.column}",
            "scope": dict(self.scope),
            "direction": self.direction,
            "target": self.target,
            "target_mode": self.target_mode,
            "baseline": {"period": baseline} if isinstance(baseline, str) else {"value": baseline},
            "margin": self.margin,
            "owner": self.owner,
            "valid_period": {
                "from": self.valid_from.isoformat() if self.valid_from else None,
                "to": self.valid_to.isoformat() if self.valid_to else None,
            },
        }


@dataclass(frozen=True)
class Registers:
    """All registers of one folder, immutable; made by `load_folder`.

    `sources` None means that `sources.csv` is absent and any source of a known county may send.
    """

    units: tuple[UnitRow, ...]
    sources: Mapping[str, frozenset[str]] | None
    sectors: Mapping[str, SectorKind]
    outcomes: Mapping[tuple[str, str], Outcome]
    promises: tuple[PromiseRow, ...]
    themes: tuple[tuple[str, str], ...]
    names: tuple[CodeName, ...]
    segment_rule: SegmentRule
    objectives: tuple[Objective, ...]
    key_results: tuple[KeyResult, ...]
    versions: Mapping[str, str]
    timelines: Mapping[tuple[str, str], Timeline[UnitRow]] = field(repr=False, compare=False)
    _unknown: dict[tuple[str, str], UnitRow] = field(default_factory=dict, repr=False, compare=False)

    def unit_row(self, county: str, unit: str, day: date) -> UnitRow:
        """Return the row of the unit valid on the date, else its gap row. Takes well under a microsecond."""
        timeline = self.timelines.get((county, unit))
        if timeline is not None:
            return timeline.at(day)
        row = self._unknown.get((county, unit))
        if row is None:
            row = self._unknown[(county, unit)] = gap_row(county, unit)
        return row

    def outcome(self, outcome: str, classification: str | None) -> Outcome | None:
        """Return the flags of the pair, else those of the outcome with an empty classification."""
        found = self.outcomes.get((outcome, classification or ""))
        return found if found is not None else self.outcomes.get((outcome, ""))

    @cached_property
    def known_units(self) -> Mapping[str, frozenset[str]]:
        """Return county -> its units. For ingest no other county exists."""
        known: dict[str, set[str]] = {}
        for row in self.units:
            known.setdefault(row.county, set()).add(row.unit)
        return MappingProxyType({county: frozenset(units) for county, units in known.items()})

    @cached_property
    def gap_rows(self) -> tuple[UnitRow, ...]:
        """Return the gap row of every known unit."""
        return tuple(timeline.gap for timeline in self.timelines.values())

    @cached_property
    def promise_timelines(self) -> Mapping[tuple[str, str, str], Timeline[PromiseRow | None]]:
        """Return (county, line, channel) -> the timeline of its promises; None before the first."""
        by_key: dict[tuple[str, str, str], list[PromiseRow]] = {}
        for row in self.promises:
            by_key.setdefault((row.county, row.line, row.channel), []).append(row)
        return MappingProxyType(
            {key: Timeline.build([(row.valid_from, None, row) for row in rows], None) for key, rows in by_key.items()}
        )

    def versioned(self, versions: Mapping[str, str]) -> "Registers":
        """Return a copy of the registers with these versions."""
        return replace(self, versions=MappingProxyType(dict(versions)))

    @property
    def version(self) -> str:
        """SHA-256 (hex) of the content of all registers; layout and order of rows do not matter."""
        return self.versions["registers"]

    def version_of(self, part: str) -> str:
        """Return the version of one register: a name of `PARTS`, or `unit_rows` (units without their names)."""
        return self.versions[part]
