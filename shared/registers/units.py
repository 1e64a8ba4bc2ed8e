"""Rows of the unit register, with keys computed from their content."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date

NO_CODE = "-"
"""The scope of a level that a unit row leaves empty."""


def content_hash(content: object) -> str:
    """Return the SHA-256 (hex) of JSON-serialisable content; the same in every process."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _key(*content: object) -> int:
    """Return a positive 63-bit number computed from the identity of a row, without a database."""
    return int(content_hash(content)[:16], 16) >> 1


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One row of `units.csv`, or the *gap row* of a unit for days without a valid row, with every level empty.

    `valid_from` None means "always so far", `valid_to` None means "open"; the interval is half-open. `key` depends on
    everything but the names, so a renamed unit keeps its buckets and a moved unit gets new ones.
    """

    key: int
    county: str
    unit: str
    name_fi: str = ""
    name_sv: str = ""
    name_en: str = ""
    service_area: str = ""
    result_area: str = ""
    division: str = ""
    region: str = ""
    sensitive: bool = False
    valid_from: date | None = None
    valid_to: date | None = None
    gap: bool = False

    @property
    def scopes(self) -> tuple[tuple[str, str], ...]:
        """Return the six (scope level, scope) pairs of the row; an empty level is `-`."""
        return (
            ("county", self.county),
            ("division", self.division or NO_CODE),
            ("result_area", self.result_area or NO_CODE),
            ("service_area", self.service_area or NO_CODE),
            ("region", self.region or NO_CODE),
            ("unit", self.unit),
        )


def unit_row(
    county: str,
    unit: str,
    *,
    names: tuple[str, str, str] = ("", "", ""),
    service_area: str = "",
    result_area: str = "",
    division: str = "",
    region: str = "",
    sensitive: bool = False,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> UnitRow:
    """Make a register row with its key."""
    key = _key(county, unit, service_area, result_area, division, region, sensitive, valid_from or "", valid_to or "")
    levels = (service_area, result_area, division, region)
    return UnitRow(key, county, unit, *names, *levels, sensitive, valid_from, valid_to)


def gap_row(county: str, unit: str, rows: tuple[UnitRow, ...] = ()) -> UnitRow:
    """Make the row of a unit for days that no register row covers.

    It has the unit's latest names. It is sensitive if any row of the unit is, so that sensitive care does not become
    visible when a row ends.
    """
    names = (rows[-1].name_fi, rows[-1].name_sv, rows[-1].name_en) if rows else ("", "", "")
    sensitive = any(row.sensitive for row in rows)
    return UnitRow(_key(county, unit, "gap"), county, unit, *names, sensitive=sensitive, gap=True)
