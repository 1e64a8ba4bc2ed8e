"""What a run of the benchmarks measured."""

from dataclasses import dataclass, field

from tests.bench.activation import Activation
from tests.bench.auditing import Audited
from tests.bench.comparison import Summary
from tests.bench.counties import Counties
from tests.bench.flips import Flips
from tests.bench.freshness import Freshness
from tests.bench.history import Disk
from tests.bench.labels import Relabelled
from tests.bench.publication import Publication
from tests.bench.publishing import Publishing
from tests.bench.reading import Reading
from tests.bench.rest import Rest
from tests.bench.side_by_side.comparison import SideBySide


@dataclass
class FamilyResults:
    """The results of a family; a part that was not measured is None or empty."""

    comparison: dict[str, Summary] = field(default_factory=dict)
    history: dict[str, dict[int, float]] = field(default_factory=dict)
    audits: list[Audited] = field(default_factory=list)
    disk: Disk | None = None
    freshness: dict[str, Freshness] = field(default_factory=dict)
    publishing: Publishing | None = None
    flips: Flips | None = None
    relabelled: Relabelled | None = None
    following: Freshness | None = None
    activation: Activation | None = None
    reading: Reading | None = None
    side_by_side: SideBySide | None = None
    rest: Rest | None = None
    counties: Counties | None = None


@dataclass
class Results:
    """All results of a run."""

    machine: dict[str, str]
    families: dict[str, FamilyResults] = field(default_factory=dict)
    ingest: Summary | None = None
    publications: list[Publication] = field(default_factory=list)
