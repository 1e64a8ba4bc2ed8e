"""Compares the figures of a run with what the documents publish."""

from typing import Any

import asyncpg

from tests.oracle.compare import KEYS
from tests.seeds import COUNTY, experience_report, quarterly_report, suuntima_pilot
from tests.seeds.figure import Tables
from tests.seeds.size import Size

PUBLISHED = (*quarterly_report.PUBLISHED, *experience_report.PUBLISHED, *suuntima_pilot.PUBLISHED)


async def tables(connection: "asyncpg.Connection[Any]", schema: str) -> Tables:
    """The rows of the county in every view of schema `figures` or `report`."""
    query = "select * from {}.{} where county = $1 and period_kind in ('quarter', 'year')"
    return {view: await connection.fetch(query.format(schema, view), COUNTY) for view in KEYS}


def problems(found: Tables, size: Size, *, exact: bool) -> list[str]:
    """Every number of the documents that these tables do not give."""
    numbers = [published.problem(found, size, exact=exact) for published in PUBLISHED]
    return [problem for problem in (*numbers, *(less.problem(found) for less in quarterly_report.LESS)) if problem]
