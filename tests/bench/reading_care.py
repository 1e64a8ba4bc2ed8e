"""How long the figures of the segments family take to read, with ten million service events of one county in a year.

The service applies a log of one month. The log is copied to other persons in the same month, then to the same persons
in the eleven months before, so that persons return as in reality. As many members are kept as a large county has
(8,500 at full size), and they are members all the time. Labels and buckets are recomputed from that. Before, the same
computation of buckets is compared with what the service wrote.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from services.segments.tables import ASSESSMENTS, EVENTS
from shared.labels import MEMBER, OTHER
from shared.postgres.facts import FactTable
from tests.bench.family import SEGMENTS, columns
from tests.bench.history import apply_events, grow
from tests.bench.reading import (
    COUNTY,
    QUARTER,
    Reading,
    read,
    read_view,
    rebuild_buckets,
    session,
    summary_line,
    without_indexes,
)
from tests.bench.sizes import Sizes
from tests.bench.stage import Database, Stage
from tests.bench.workload import Event, salted

VIEWS: Final = ("service_events", "events_per_client", "suuntima", "suuntima_stock", "common_clients")
COHORT: Final = "fixed_cohort"
_COHORT: Final = f"select * from figures.{COHORT}($1, '2025Q4', $2) where true"
_MONTHS: Final = 11  # before the month of the log
_MONTH_DAYS: Final = 30
_MEMBERS: Final = 0.00085  # of the service events: 8,500 of ten million
_EVENTS: Final = 0.92  # share of a log's facts; the rest are flags, plans, assessments and assignments
_YEAR_DAYS: Final = 365
_MEMBER: Final = f"""case when done and exists (
  select from segments.membership m where m.person = e.person and m.first <= {{day}} and {{day}} < m.until)
then '{MEMBER}' else '{OTHER}' end"""


async def reading_care(stage: Stage, events: list[Event], sizes: Sizes, report: Callable[[str], None]) -> Reading:
    """Read every view of a county's quarter, over all segments, sectors and classes, and a fixed cohort."""
    started = time.perf_counter()
    database = await stage.database()
    own = [event for event in events if f'"county":"{COUNTY}"'.encode() in event.value]
    await apply_events(stage, SEGMENTS, database, salted(own, "reading."), "reading.")
    await rebuild_buckets(database, SEGMENTS, check=True)
    async with without_indexes(database, EVENTS.name):
        month = round(sizes.reading / _EVENTS / (_MONTHS + 1))
        await grow(stage, SEGMENTS, database, month, scattered=False, interval=0)
        await stage.execute(database, *_spread_over_year(round(sizes.reading * _MEMBERS)))
    report("service events copied")
    await rebuild_buckets(database, SEGMENTS, check=False)
    await stage.execute(database, "vacuum analyze", "checkpoint")
    found = Reading("service events", await _events(database), time.perf_counter() - started)
    report(f"{found.facts} service events loaded in {found.loading_s:.0f} s")
    async with session(database.dsn("hva_steward")) as connection:
        for view in VIEWS:
            found.views[view] = await read_view(connection, view)
        found.views[COHORT] = await read(connection, _COHORT, COUNTY, QUARTER)
    for view, levels in found.views.items():
        report(summary_line(view, levels))
    await stage.drop(database)
    return found


def _spread_over_year(members: int) -> Iterator[str]:
    """The statements that extend a month to a year. Flags and plans begin on days spread over most of that year."""
    yield f"""
create temp table member (county, person, first, until) as
select county, person, min(first) - {_YEAR_DAYS}, max(until)
from segments.membership group by county, person order by hashtext(person::text) limit {members}"""
    yield "truncate segments.membership"
    yield "insert into segments.membership (county, person, first, until) table member"
    for table in ("flag", "plan"):
        yield f"update segments.{table} set valid_from = valid_from - (hashtext(id) & 255) where not retracted"
    yield f"update segments.service_event e set segment = {_MEMBER.format(day='e.day')} where not retracted"
    yield _copies_of_earlier_months(EVENTS, segment=_MEMBER.format(day="(e.day - days)"))
    yield _copies_of_earlier_months(ASSESSMENTS)


def _copies_of_earlier_months(table: FactTable[Any], **changed: str) -> str:
    """The statement that copies the facts of a table, with the same persons, to the months before."""
    values = {
        "id": "days || '-' || id",
        **{name: f"{name} - days" for name, kind in columns(table).items() if kind == "date"},
        **{name: f"{name} - days * interval '1 day'" for name, kind in columns(table).items() if kind == "timestamptz"},
        **changed,
    }
    names = ("county", *columns(table))
    return f"""
insert into {table.name} ({", ".join(names)})
select {", ".join(values.get(name, name) for name in names)}
from {table.name} e, generate_series({_MONTH_DAYS}, {_MONTHS * _MONTH_DAYS}, {_MONTH_DAYS}) days
where not retracted"""


async def _events(database: Database) -> int:
    async with session(database.dsn()) as connection:
        return int(await connection.fetchval("select count(*) from segments.service_event"))
