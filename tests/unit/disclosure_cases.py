"""Input of disclosure control: one publication per family and year, of the sample or of a simulated county."""

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from deploy.simulate.options import Options
from deploy.simulate.run import stream
from shared.disclosure.model import VIEWS, Cell, population
from shared.disclosure.nesting import UnitSpan
from shared.disclosure.protect import cell_of
from shared.disclosure.star import is_published
from tests.oracle import Accepted, Care, current, fcr_views, judge_all, load, views
from tests.product import ROOT, SAMPLE

COUNTY = "oma-hame"
FAMILIES = ("nps", "fcr", "segments")


@dataclass(frozen=True)
class PublicationInput:
    """What a family publishes of a county and year, before anything is hidden."""

    counts: dict[Cell, dict[str, Any]]
    spans: list[UnitSpan]
    sensitive: frozenset[str]

    @property
    def populations(self) -> dict[Cell, int]:
        """The population of each row."""
        return {cell: population(cell, row) for cell, row in self.counts.items()}


Figures = Mapping[str, Sequence[Mapping[str, Any]]]


@cache
def publication_input(family: str, year: str) -> PublicationInput:
    """Return the input of the county that has most data in the sample."""
    return _input(_figures_of_the_sample(), SAMPLE / "config", family, year)


@cache
def simulated_input(family: str) -> PublicationInput:
    """Return the input of a small county of the demo, with figures by the independent implementation."""
    config, year = ROOT / "deploy" / "config", 2026
    as_of = datetime(year, 7, 1, tzinfo=UTC)
    registers = load(config)
    lines = stream(Options(as_of.date(), days=91, clients=400, counties=(COUNTY,)))
    accepted = (verdict for _, verdict in judge_all(list(lines), registers, as_of) if isinstance(verdict, Accepted))
    facts = current(accepted, erasures=True)
    care = Care(facts, registers)
    counted = {"nps": views, "fcr": fcr_views}.get(family)
    figures = counted(facts, registers, as_of, care.membership.label) if counted else care.views(as_of)
    return _input(figures, config, family, str(year))


@cache
def _figures_of_the_sample() -> Figures:
    figures: Figures = json.loads(gzip.decompress((SAMPLE / "figures.json.gz").read_bytes()))["figures"]
    return figures


def _input(figures: Figures, config: Path, family: str, year: str) -> PublicationInput:
    counts = {
        cell: dict(row)
        for view in VIEWS.values()
        if view.family == family
        for row in figures[view.name]
        if row["county"] == COUNTY and row["period"][:4] == year and is_published(cell := cell_of(view.name, row))
    }
    with (config / "units.csv").open(encoding="utf-8") as file:
        units = [row for row in csv.DictReader(file) if row["county"] == COUNTY]
    spans = [
        UnitSpan(
            date.fromisoformat(unit["valid_from"]) if unit["valid_from"] else date.min,
            date.fromisoformat(unit["valid_to"]) if unit["valid_to"] else date.max,
            {
                "county": COUNTY,
                "unit": unit["unit"],
                **{level: unit[level] or "-" for level in ("division", "result_area", "service_area", "region")},
            },
        )
        for unit in units
    ]
    return PublicationInput(counts, spans, frozenset(unit["unit"] for unit in units if unit["sensitive"] == "true"))
