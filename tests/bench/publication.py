"""The cost of a publication: one year of the nps family of a county, in a process of its own, as the service starts it.

The buckets of the county are those of random responses. Reading, protecting and storing are measured together.
"""

import asyncio
import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import asyncpg

from shared.postgres.lock import Connection
from shared.publication.snapshot import CountyYear
from tests.bench.measure import peak_mib
from tests.bench.sizes import Sizes
from tests.bench.stage import Database, Stage

_COUNTY: Final = CountyYear("oma-hame", 2026)
_FAMILY: Final = "nps"
_NOW: Final = datetime(2027, 1, 1, tzinfo=UTC)
_QUESTIONS: Final = 11
_CHANNELS: Final = {"sms": 0.45, "device": 0.53, "chat": 0.02}
_SEGMENTS: Final = {"multidisciplinary": 0.1, "other": 0.4, "unknown": 0.5}
_NPS: Final = {2: 0.8, 1: 0.12, 0: 0.08}  # promoters, passives, detractors
_ANSWERS: Final = {1: 0.02, 2: 0.03, 3: 0.1, 4: 0.25, 5: 0.58, 0: 0.02}  # 0 does not concern the client
_UNITS: Final = """
insert into reference.unit_row (key, county, unit, name_fi, name_sv, name_en, service_area, result_area, division,
  region, sensitive, current)
values ($1, $2, $3, $3, $3, $3, $4, $5, $6, $7, $8, true)
"""
_SCOPES: Final = "insert into reference.unit_scope (unit_row, county, scope_level, scope) values ($1, $2, $3, $4)"
_RESULT: Final = "select rows, hidden, seconds from report.publication where (family, county, year) = ($1, $2, $3)"

Buckets = Mapping[str, Mapping[tuple[Any, ...], list[int]]]
"""By table the counts of each key."""


@dataclass(frozen=True, slots=True)
class County:
    """A county to publish: its units and the responses of a year, spread unevenly over them."""

    units: int
    responses: int


@dataclass(frozen=True, slots=True)
class Publication:
    """One publication. `cpu_s` and `peak_mib` are of the publisher's process; `seconds` include PostgreSQL."""

    county: County
    rows: int
    hidden: int
    cpu_s: float
    seconds: float
    peak_mib: float

    @property
    def hidden_share(self) -> float:
        """Share of hidden rows, 0 to 1."""
        return self.hidden / self.rows


async def publication(stage: Stage, sizes: Sizes, report: Callable[[str], None]) -> list[Publication]:
    """Publish counties of the given sizes, one after another."""
    found = []
    for units, responses in sizes.published:
        county, database = County(units, responses), await stage.database()
        await stage.release_publications(database)
        connection: Connection = await asyncpg.connect(database.dsn())
        try:
            await _fill(connection, county)
            cpu_s, peak = await asyncio.to_thread(_publish, database)
            row = await connection.fetchrow(_RESULT, _FAMILY, _COUNTY.county, _COUNTY.year)
        finally:
            await connection.close()
        assert row is not None, "nothing was published"
        await stage.drop(database)
        one = Publication(county, row["rows"], row["hidden"], cpu_s, row["seconds"], peak)
        found.append(one)
        report(
            f"a county of {units} units: {one.rows} rows, {100 * one.hidden_share:.1f} % hidden,"
            f" published in {cpu_s:.1f} s of CPU, {peak:.0f} MiB"
        )
    return found


def _publish(database: Database) -> tuple[float, float]:
    """Run the publisher. Returns its CPU seconds and its peak memory in MiB."""
    job = {"dsn": database.dsn(f"hva_{_FAMILY}"), "family": _FAMILY, "county": _COUNTY.county, "year": _COUNTY.year}
    process = subprocess.Popen([sys.executable, "-m", "shared.publication"], stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(f"{json.dumps({**job, 'now': _NOW.isoformat()})}\n".encode())
    process.stdin.flush()
    peak = 0.0
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        with contextlib.suppress(ValueError):  # it has just ended
            peak = peak_mib(process.pid)  # the peak of `wait4` may be that of this process, from before `exec`
        time.sleep(0.02)
    _, status, used = ended
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdin.close()
    if process.returncode:
        raise RuntimeError(f"the publication failed: exit code {process.returncode}")
    return used.ru_utime + used.ru_stime, peak


async def _fill(connection: Connection, county: County) -> None:
    """Store the units of a county and the buckets of its responses."""
    units = [_scopes(number, county.units) for number in range(county.units)]
    levels = ("unit", "service_area", "result_area", "division", "region")
    rows = [(key, _COUNTY.county, *(unit[level] for level in levels), key % 7 == 0) for key, unit in enumerate(units)]
    await connection.executemany(_UNITS, rows)
    scopes = [(key, _COUNTY.county, *scope) for key, unit in enumerate(units) for scope in unit.items()]
    await connection.executemany(_SCOPES, scopes)
    for table, counts in buckets_of(county).items():
        records = [(_COUNTY.county, *key, *found) for key, found in counts.items()]
        await connection.copy_records_to_table(table, schema_name=_FAMILY, records=records)
    await connection.execute("analyze")


def buckets_of(county: County) -> Buckets:
    """The buckets of random responses. Equal counties give equal buckets."""
    chance = random.Random(1)
    weights = [1 / (1 + number) for number in range(county.units)]  # few units are large
    answers = defaultdict(lambda: [0] * 6), defaultdict(lambda: [0] * 6)
    responses = defaultdict(lambda: [0] * 2), defaultdict(lambda: [0] * 2)
    for unit in chance.choices(range(county.units), weights, k=county.responses):
        day = date(_COUNTY.year, 1, 1) + timedelta(chance.randrange(365))
        keys = (day, unit), (day.replace(day=1), unit, _any(chance, _CHANNELS), _any(chance, _SEGMENTS))
        for tables, key in zip(responses, keys, strict=True):
            tables[key][0] += 1
        for question, answer in _answers(chance):
            for tables, key in zip(answers, keys, strict=True):
                tables[(*key, question)][answer] += 1
    found = {"answer": answers, "response_count": responses}
    return {f"{name}_{kind}": of for name, two in found.items() for kind, of in zip(("day", "month"), two, strict=True)}


def _scopes(number: int, units: int) -> dict[str, str]:
    """The scopes of a unit: 4 units are a service area, 3 of these a result area, and there are 4 divisions."""
    area = number % -(-units // 4)
    return {
        "county": _COUNTY.county,
        "division": f"division-{area // 3 % 4}",
        "result_area": f"result-area-{area // 3}",
        "service_area": f"service-area-{area}",
        "region": f"region-{number % 5}",
        "unit": f"unit-{number}",
    }


def _answers(chance: random.Random) -> Iterator[tuple[str, int]]:
    """The answers of a response: a question and the position of its count."""
    yield "recommend", _any(chance, _NPS)
    for question in chance.sample(range(_QUESTIONS), 2):
        yield f"question-{question:02}", _any(chance, _ANSWERS)


def _any(chance: random.Random, weights: Mapping[Any, float]) -> Any:
    return chance.choices(list(weights), list(weights.values()))[0]
