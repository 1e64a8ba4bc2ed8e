"""The registers as plain rows, and the local calendar."""

import csv
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import yaml

LOCAL = ZoneInfo("Europe/Helsinki")
LEVELS = ("division", "result_area", "service_area", "region")
HOLIDAYS = holidays.country_holidays("FI")


@dataclass(frozen=True)
class Registers:
    units: list
    promises: list
    themes: list
    sectors: dict
    sources: dict | None
    rule: dict
    outcomes: list

    def counties(self):
        return {row["county"] for row in self.units}

    def knows_unit(self, county, unit):
        return any(row["county"] == county and row["unit"] == unit for row in self.units)

    def unit_row(self, county, unit, day):
        for row in self.units:
            if row["county"] != county or row["unit"] != unit:
                continue
            if date.fromisoformat(row["valid_from"]) <= day and (
                not row["valid_to"] or day < date.fromisoformat(row["valid_to"])
            ):
                return row
        return None

    def scopes(self, county, unit, day):
        """Every (scope_level, scope) that a fact of this unit and local date counts in."""
        row = self.unit_row(county, unit, day) or {}
        found = [("county", county), ("unit", unit)]
        return found + [(level, row.get(level) or "-") for level in LEVELS]

    def reply_due(self, county, given_at):
        """The instant by which direct feedback needs a reply, or None without a promise."""
        return self.due(county, "feedback", "", given_at)

    def due(self, county, line, channel, since):
        """The instant at which the promise of a line and channel is due, or None without a promise."""
        day = local_date(since)
        rows = [
            row
            for row in self.promises
            if (row["county"], row["line"], row["channel"]) == (county, line, channel)
            and date.fromisoformat(row["valid_from"]) <= day
        ]
        if not rows:
            return None
        row = max(rows, key=lambda r: r["valid_from"])
        if row["kind"] == "minutes":
            return since + timedelta(minutes=int(row["amount"]))
        amount = 0 if row["kind"] == "same_day" else int(row["amount"])
        while amount:
            day += timedelta(days=1)
            amount -= working_day(day)
        return midnight(day + timedelta(days=1))

    def flags(self, outcome, classification):
        """The row of an outcome with its classification, else the row without one; empty if neither is listed."""
        for version in (classification or "", ""):
            for row in self.outcomes:
                if (row["outcome"], row["classification"]) == (outcome, version):
                    return row
        return {}


@cache
def local_date(instant):
    return instant.astimezone(LOCAL).date()


@cache
def midnight(day):
    """The instant at which a local day begins."""
    return datetime.combine(day, time(), LOCAL).astimezone(ZoneInfo("UTC"))


def working_day(day):
    return day.weekday() < 5 and day not in HOLIDAYS


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def load(folder):
    folder = Path(folder)
    sources = None
    if (folder / "sources.csv").exists():
        sources = {row["source"]: row["streams"].split("|") for row in rows_of(folder / "sources.csv")}
    return Registers(
        units=rows_of(folder / "units.csv"),
        promises=rows_of(folder / "promises.csv"),
        themes=[(row["theme"], row["stem"]) for row in rows_of(folder / "themes.csv")],
        sectors={row["sector"]: row["kind"] for row in rows_of(folder / "sectors.csv")},
        sources=sources,
        outcomes=rows_of(folder / "outcomes.csv"),
        rule=yaml.safe_load((folder / "segment_rule.yaml").read_text(encoding="utf-8-sig")),
    )
