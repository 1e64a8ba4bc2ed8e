"""What people say of a quarter: the status of a key result and the narrative of an objective.

Statements are added and never changed; the newest one counts. Who may say what is decided by who has the role
`hva_steward`; `said_by` is a role or group, not the name of a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from deploy.hva.context import VerbError
from deploy.hva.keys import quarter_days
from deploy.hva.output import print_data, print_text

if TYPE_CHECKING:
    import asyncpg

_KEY_RESULTS: Final = """
select county, id, spec #>> '{{valid_period,from}}' as valid_from, spec #>> '{{valid_period,to}}' as valid_to
from reference.key_result where {condition} order by county, position
"""
_COUNTIES: Final = "select distinct county from reference.unit_row where current order by county"
_OBJECTIVES: Final = "select id from reference.objective order by position"
_STATUSES: Final = """
select county, quarter, id as subject, status as text, said_by, said_at, comment
from report.key_result_status where id = $1 and quarter = $2 and ($3::text is null or county = $3)
order by said_at desc
"""
_NARRATIVES: Final = """
select county, quarter, objective as subject, text, said_by, said_at, language
from report.narrative where objective = $1 and quarter = $2 and ($3::text is null or county = $3)
order by said_at desc
"""
# Each is later than every statement before, even if the clock was set back.
_ADD_STATUS: Final = """
insert into report.key_result_status (county, id, quarter, status, said_by, comment, said_at)
select $1, $2, $3, $4, $5, $6, greatest(clock_timestamp(), max(said_at) + interval '1 microsecond')
from report.key_result_status where county = $1 and id = $2 and quarter = $3
returning county, quarter, id as subject, status as text, said_by, said_at, comment
"""
_ADD_NARRATIVE: Final = """
insert into report.narrative (county, quarter, objective, language, text, said_by, said_at)
select $1, $2, $3, $4, $5, $6, greatest(clock_timestamp(), max(said_at) + interval '1 microsecond')
from report.narrative where county = $1 and quarter = $2 and objective = $3 and language = $4
returning county, quarter, objective as subject, text, said_by, said_at, language
"""


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter that has begun; `until` is the day after it."""

    name: str
    first: date
    until: date


@dataclass(frozen=True, slots=True)
class Statement:
    """What was said, as stored. `text` is a status or Markdown."""

    county: str
    quarter: str
    subject: str
    text: str
    said_by: str
    said_at: datetime
    comment: str | None = None
    language: str | None = None


def begun_quarter(name: str, today: date) -> Quarter:
    """Raises BadParameter if it is no quarter, and VerbError if it has not begun."""
    first, until = quarter_days(name)
    if first > today:
        raise VerbError(f"{name} has not begun: something can be said of it from {first} on.")
    return Quarter(name, first, until)


async def county_of_key_result(
    connection: "asyncpg.Connection[asyncpg.Record]", id: str, county: str | None, quarter: Quarter
) -> str:
    """The county that has the key result in the quarter. Raises VerbError with a sentence otherwise."""
    found = [dict(row) for row in await connection.fetch(_KEY_RESULTS.format(condition="id = $1"), id)]
    if not found:
        known = [row["id"] for row in await connection.fetch(_KEY_RESULTS.format(condition="true"))]
        raise VerbError(f"There is no key result {id}: there are {_listed(known)}.")
    counties = [str(row["county"]) for row in found]
    chosen = _one_county(f"Key result {id}", counties, county)
    valid = [row for row in found if row["county"] == chosen]
    if not _covers(valid, quarter):
        raise VerbError(f"{quarter.name} is outside the valid period of {id}, {_period(valid[0])}.")
    return chosen


async def county_of_objective(
    connection: "asyncpg.Connection[asyncpg.Record]", id: str, county: str | None, quarter: Quarter
) -> str:
    """The county that the objective is of: that of its key results; of an objective without any, each county of the
    registers. Raises VerbError with a sentence.
    """
    known = [row["id"] for row in await connection.fetch(_OBJECTIVES)]
    if id not in known:
        raise VerbError(f"There is no objective {id}: there are {_listed(known)}.")
    query = _KEY_RESULTS.format(condition="spec ->> 'objective' = $1")
    found = [dict(row) for row in await connection.fetch(query, id)]
    counties = [str(row["county"]) for row in found or await connection.fetch(_COUNTIES)]
    chosen = _one_county(f"Objective {id}", list(dict.fromkeys(counties)), county)
    if found and not _covers([row for row in found if row["county"] == chosen], quarter):
        raise VerbError(f"{quarter.name} is outside the valid periods of the key results of {id}.")
    return chosen


def _one_county(what: str, counties: Sequence[str], county: str | None) -> str:
    if county is not None and county not in counties:
        raise VerbError(f"{what} is not of county {county}: it is of {_listed(counties)}.")
    if county is None and len(counties) != 1:
        raise VerbError(f"{what} is of {_listed(counties)}: choose one with --county.")
    return county or counties[0]


def _covers(rows: Sequence[Mapping[str, Any]], quarter: Quarter) -> bool:
    """Whether the quarter lies in one of the valid periods."""
    return any(
        (row["valid_from"] or "") <= quarter.first.isoformat()
        and quarter.until.isoformat() <= (row["valid_to"] or "9999-12-31")
        for row in rows
    )


def _period(row: Mapping[str, Any]) -> str:
    return f"{row['valid_from'] or '...'} to {row['valid_to'] or '...'}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


async def add_status(
    connection: "asyncpg.Connection[asyncpg.Record]",
    county: str,
    id: str,
    quarter: Quarter,
    status: str,
    role: str,
    comment: str | None,
) -> Statement:
    """Store the status of a key result as its newest one."""
    row = await connection.fetchrow(_ADD_STATUS, county, id, quarter.name, status, role, comment)
    assert row is not None
    return Statement(**dict(row))


async def add_narrative(
    connection: "asyncpg.Connection[asyncpg.Record]",
    county: str,
    objective: str,
    quarter: Quarter,
    language: str,
    role: str,
    text: str,
) -> Statement:
    """Store the narrative of an objective in a language as its newest one."""
    row = await connection.fetchrow(_ADD_NARRATIVE, county, quarter.name, objective, language, text, role)
    assert row is not None
    return Statement(**dict(row))


async def statuses(
    connection: "asyncpg.Connection[asyncpg.Record]", id: str, quarter: Quarter, county: str | None
) -> list[Statement]:
    """Everything said of a key result in a quarter, the newest first; also of one that left the register."""
    return [Statement(**dict(row)) for row in await connection.fetch(_STATUSES, id, quarter.name, county)]


async def narratives(
    connection: "asyncpg.Connection[asyncpg.Record]", objective: str, quarter: Quarter, county: str | None
) -> list[Statement]:
    """Everything written of an objective in a quarter, in all languages, the newest first."""
    return [Statement(**dict(row)) for row in await connection.fetch(_NARRATIVES, objective, quarter.name, county)]


def print_statements(found: Sequence[Statement], as_json: bool) -> None:
    """Print statements: each with who and when, and the text below it."""
    if as_json:
        print_data(orjson.dumps(found).decode())
        return
    if not found:
        print_text("Nothing was said of it.")
    for each in found:
        language = f" ({each.language})" if each.language else ""
        head = f"{each.county} {each.quarter} {each.subject}{language}"
        when = f"{each.said_by}, {each.said_at:%Y-%m-%d %H:%M:%S} UTC"
        if each.language:
            print_text(f"{head}: {when}", *(f"  {line}" for line in each.text.split("\n")))
        else:
            print_text(
                f"{head}: {each.text} ({when})", *(f"  {line}" for line in (each.comment or "").split("\n") if line)
            )
