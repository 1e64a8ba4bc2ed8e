"""What is hidden of a publication, by view and level, and the tables of docs/privacy.md."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from shared.disclosure.model import VIEWS, Cell, population
from shared.disclosure.periods import days_of
from shared.disclosure.protect import minimum
from shared.disclosure.star import chosen
from shared.publication.protection import Protected
from shared.publication.snapshot import Snapshot

LEVELS: Final = ("county", "division", "result_area", "service_area", "region", "unit")


@dataclass
class Share:
    """Numbers of rows. `small`: hidden for their own size."""

    rows: int = 0
    hidden: int = 0
    small: int = 0

    def __add__(self, other: "Share") -> "Share":
        return Share(self.rows + other.rows, self.hidden + other.hidden, self.small + other.small)

    def __str__(self) -> str:
        return f"{self.hidden / self.rows:.0%} ({self.small / self.rows:.0%})" if self.rows else ""


@dataclass
class Hidden:
    """What is hidden of a family in a year. `quarters`: the rows of whole quarters without a choice of channel,
    segment, kind or theme, by view and level. `levels`: what had to be hidden as a whole."""

    family: str
    total: Share = field(default_factory=Share)
    quarters: dict[tuple[str, str], Share] = field(default_factory=dict)
    levels: Sequence[str] = ()
    cpu_s: float = 0.0

    def quarter(self, views: Iterable[str], level: str) -> Share:
        """The rows of quarters of several views at a level."""
        return sum((self.quarters.get((view, level), Share()) for view in views), Share())


@dataclass
class County:
    """The publications of a simulated county by family."""

    clients: int
    events_per_quarter: float
    families: dict[str, Hidden] = field(default_factory=dict)


def hidden_of(family: str, snapshot: Snapshot, protected: Protected, first: date, until: date) -> Hidden:
    """Count the hidden rows. Whole quarters are those between `first` and `until`, the first day after the events."""
    found = Hidden(family, levels=protected.hidden_levels)
    counted: Counter[tuple[str, str, bool, bool]] = Counter()
    for cell in snapshot.cells:
        hidden, small = cell in protected.hidden, _is_small(cell, snapshot)
        found.total += Share(1, hidden, small)
        if cell.period_kind == "quarter" and not chosen(cell) and _is_within(cell, first, until):
            counted[cell[0], cell.level, hidden, small] += 1
    for (view, level, hidden, small), rows_ in counted.items():
        share = found.quarters.get((view, level), Share())
        found.quarters[view, level] = share + Share(rows_, rows_ * hidden, rows_ * small)
    return found


def _is_small(cell: Cell, snapshot: Snapshot) -> bool:
    return 0 < population(cell, snapshot.cells[cell]) < minimum(cell, snapshot.sensitive)


def _is_within(cell: Cell, first: date, until: date) -> bool:
    first_day, last_day = days_of(cell.period_kind, cell.period)
    return first <= first_day and last_day < until


def markdown(counties: Sequence[County]) -> Iterator[str]:
    """All tables."""
    names = list(dict.fromkeys(family for county in counties for family in county.families))
    yield f"| clients | events a quarter |{''.join(f' {name}: rows | hidden |' for name in names)}"
    yield "|---" * (2 + 2 * len(names)) + "|"
    for county in counties:
        shares = [county.families[name].total if name in county.families else Share() for name in names]
        cells = " | ".join(f"{share.rows:,} | {share}" if share.rows else "- | -" for share in shares)
        yield f"| {county.clients:,} | {round(county.events_per_quarter, -3):,.0f} | {cells} |"
    yield from ("", "Rows of whole quarters without a choice of channel, segment, kind or theme:", "")
    yield f"| clients | hidden | {' | '.join(LEVELS)} |"
    yield "|---" * (2 + len(LEVELS)) + "|"
    for county in counties:
        yield from _by_level(county)
    for county in counties:
        for hidden in county.families.values():
            yield from (f"\n{county.clients:,} clients: {level} is hidden as a whole." for level in hidden.levels)


def _by_level(county: County) -> Iterator[str]:
    views = {name: [view.name for view in VIEWS.values() if view.family == name] for name in county.families}
    every = [view for names in views.values() for view in names]
    if len(views) > 1:
        yield _row(county, "all families", every, county.families.values())
    for name, of_family in views.items():
        hidden = county.families[name]
        yield _row(county, f"{name} family", of_family, [hidden])
        yield from (_row(county, f"`{view}`", [view], [hidden]) for view in of_family)


def _row(county: County, name: str, views: Collection[str], families: Iterable[Hidden]) -> str:
    found = list(families)
    shares = (sum((one.quarter(views, level) for one in found), Share()) for level in LEVELS)
    return f"| {county.clients:,} | {name} | {' | '.join(map(str, shares))} |"


def costs(families: Mapping[str, Hidden]) -> str:
    """The CPU time of protecting each family."""
    return ", ".join(f"{name} {hidden.cpu_s:.1f} s" for name, hidden in families.items())
