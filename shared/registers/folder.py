"""The registers of a folder: read, checked as a whole, versioned."""

from dataclasses import astuple
from itertools import groupby
from pathlib import Path
from types import MappingProxyType

from shared.registers import check
from shared.registers.check_key_results import key_results
from shared.registers.check_segment_rule import segment_rule
from shared.registers.model import PARTS, Registers
from shared.registers.problems import Problems
from shared.registers.timeline import Timeline
from shared.registers.units import UnitRow, content_hash, gap_row


def load_folder(path: Path) -> Registers:
    """Load the registers of the folder `path` (`HVA_CONFIG_DIR`).

    Raises `RegisterError` with a sentence for every problem in every file.
    """
    problems = Problems()
    if not path.is_dir():
        problems.add(str(path), "there is no such folder; set HVA_CONFIG_DIR to the folder of the registers.")
        problems.raise_if_any()
    units = check.units(path / "units.csv", problems)
    objectives, results = key_results(path / "key_results.yaml", units, problems)
    registers = Registers(
        units=units,
        sources=check.sources(path / "sources.csv", problems),
        sectors=MappingProxyType(check.sectors(path / "sectors.csv", problems)),
        outcomes=MappingProxyType(check.outcomes(path / "outcomes.csv", problems)),
        promises=check.promises(path / "promises.csv", problems),
        themes=check.themes(path / "themes.csv", problems),
        names=check.names(path / "names.csv", problems),
        segment_rule=segment_rule(path / "segment_rule.yaml", problems),
        objectives=objectives,
        key_results=results,
        versions={},
        timelines=_timelines(units),
    )
    problems.raise_if_any()
    return registers.versioned(_versions(registers))


def _timelines(units: tuple[UnitRow, ...]) -> dict[tuple[str, str], Timeline[UnitRow]]:
    """Return the timeline of every unit, with its gap row for days without a row. `units` must be sorted."""
    timelines = {}
    for (county, unit), group in groupby(units, key=lambda row: (row.county, row.unit)):
        rows = tuple(group)
        spans = [(row.valid_from, row.valid_to, row) for row in rows]
        timelines[county, unit] = Timeline.build(spans, gap_row(county, unit, rows))
    return timelines


def _versions(registers: Registers) -> dict[str, str]:
    """Return a hash for every part, one for the units without their names, and one for everything."""
    sources = registers.sources
    content: dict[str, object] = {
        "units": [astuple(row) for row in registers.units],
        "sources": None if sources is None else {source: sorted(sources[source]) for source in sources},
        "sectors": dict(registers.sectors),
        "outcomes": sorted(astuple(outcome) for outcome in registers.outcomes.values()),
        "promises": [astuple(promise) for promise in registers.promises],
        "themes": list(registers.themes),
        "names": [astuple(name) for name in registers.names],
        "segment_rule": astuple(registers.segment_rule),
        "key_results": [
            [astuple(objective) for objective in registers.objectives],
            [result.spec for result in registers.key_results],
        ],
    }
    versions = {part: content_hash(content[part]) for part in PARTS}
    versions["registers"] = content_hash(versions)
    versions["unit_rows"] = content_hash([row.key for row in registers.units])
    return versions
