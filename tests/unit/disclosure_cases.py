"""Input of disclosure control from the figures of the sample: one publication per family and year."""

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from shared.disclosure.model import VIEWS, Cell, population
from shared.disclosure.nesting import UnitSpan
from shared.disclosure.protect import cell_of
from shared.disclosure.star import is_published
from tests.product import SAMPLE

COUNTY = "oma-hame"
FAMILIES = ("nps", "fcr", "segments")
YEARS = ("2025", "2026")


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


@cache
def _figures() -> dict[str, list[dict[str, Any]]]:
    figures: dict[str, list[dict[str, Any]]] = json.loads(gzip.decompress((SAMPLE / "figures.json.gz").read_bytes()))[
        "figures"
    ]
    return figures


def _units() -> Iterator[dict[str, str]]:
    with (SAMPLE / "config" / "units.csv").open(encoding="utf-8") as file:
        yield from (row for row in csv.DictReader(file) if row["county"] == COUNTY)


@cache
def publication_input(family: str, year: str) -> PublicationInput:
    """Return the input of the county that has most data in the sample."""
    counts = {
        cell: row
        for view in VIEWS.values()
        if view.family == family
        for row in _figures()[view.name]
        if row["county"] == COUNTY and row["period"][:4] == year and is_published(cell := cell_of(view.name, row))
    }
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
        for unit in _units()
    ]
    sensitive = frozenset(unit["unit"] for unit in _units() if unit["sensitive"] == "true")
    return PublicationInput(counts, spans, sensitive)
