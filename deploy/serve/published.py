"""What the front page and the addresses of reports need from schema `report`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from shared.registers.figures import VIEWS

if TYPE_CHECKING:
    from shared.postgres.lock import Connection

_MAX_SOURCES: Final = 500
_PUBLICATIONS: Final = """
select distinct on (county, family) county, family, year, published_at, rows, hidden, hidden_levels, failed_at
from report.publication order by county, family, year desc
"""
_SOURCES: Final = """
select county, source, stream, last_event_at, accepted, rejected, corrected from report.freshness
order by county, stream, source limit $1
"""
_YEARS: Final = """
select county, year, max(published_at) as published_at from report.publication
where published_at is not null group by county, year order by county, year desc
"""
_WITH_FIGURES: Final = " or ".join(
    f"exists (select from report.{view} r where r.county = wanted.county and r.period = wanted.quarter)"
    for view in VIEWS
)
_QUARTERS: Final = f"""
select county, quarter from unnest($1::text[], $2::text[]) as wanted(county, quarter) where {_WITH_FIGURES}
"""  # noqa: S608 - names of our own views


_COUNTIES: Final = "select code, name_fi, name_sv, name_en from report.name where key = 'county'"


@dataclass(frozen=True, slots=True)
class Publication:
    """The newest publication of a family for a county. `published_at` None: there was none, only a failure."""

    county: str
    family: str
    year: int
    published_at: datetime | None
    rows: int
    hidden: int
    hidden_levels: tuple[str, ...]
    failed: bool  # the last attempt failed; the figures shown are older


@dataclass(frozen=True, slots=True)
class Source:
    """What a source sent on a stream, in events."""

    county: str
    source: str
    stream: str
    last_event_at: datetime | None
    accepted: int
    rejected: int
    corrected: int


@dataclass(frozen=True, slots=True)
class Published:
    """What the front page shows from the database. `quarters`: those with figures, by county, newest first. `counties`:
    the names of those that have names, by language.
    """

    publications: tuple[Publication, ...]
    sources: tuple[Source, ...]
    quarters: Mapping[str, tuple[str, ...]]
    counties: Mapping[str, Mapping[str, str]]

    def county(self, code: str, language: str) -> str:
        """The name of a county, else its code."""
        return self.counties.get(code, {}).get(language) or code


async def read_published(connection: "Connection", today: date) -> Published:
    """Read what the reader may see: of all counties, or of one."""
    publications = [
        Publication(
            row["county"],
            row["family"],
            row["year"],
            row["published_at"],
            row["rows"] or 0,
            row["hidden"] or 0,
            tuple(row["hidden_levels"]),
            _failed(row["published_at"], row["failed_at"]),
        )
        for row in await connection.fetch(_PUBLICATIONS)
    ]
    sources = [Source(**dict(row)) for row in await connection.fetch(_SOURCES, _MAX_SOURCES)]
    counties = {
        row["code"]: {language: row[f"name_{language}"] or "" for language in ("fi", "sv", "en")}
        for row in await connection.fetch(_COUNTIES)
    }
    return Published(tuple(publications), tuple(sources), await _quarters_with_figures(connection, today), counties)


async def published_years(connection: "Connection") -> dict[tuple[str, int], datetime]:
    """When each county and year was published last by any family."""
    return {(row["county"], row["year"]): row["published_at"] for row in await connection.fetch(_YEARS)}


def quarters_until(years: Mapping[tuple[str, int], datetime], today: date) -> list[tuple[str, str]]:
    """County and quarter of each published year, newest first, as far as the quarter has begun."""
    newest = f"{today.year}Q{(today.month + 2) // 3}"
    found = [(county, f"{year:04}Q{number}") for county, year in years for number in (4, 3, 2, 1)]
    return [(county, quarter) for county, quarter in found if quarter <= newest]


async def _quarters_with_figures(connection: "Connection", today: date) -> dict[str, tuple[str, ...]]:
    wanted = quarters_until(await published_years(connection), today)
    rows = await connection.fetch(_QUARTERS, [county for county, _ in wanted], [quarter for _, quarter in wanted])
    found = {(row["county"], row["quarter"]) for row in rows}
    return {
        county: tuple(quarter for other, quarter in wanted if other == county and (other, quarter) in found)
        for county in dict.fromkeys(county for county, _ in wanted)
    }


def _failed(published_at: datetime | None, failed_at: datetime | None) -> bool:
    return failed_at is not None and (published_at is None or failed_at > published_at)
