"""The cost of a publication: one year of the nps family of a county, in a process of its own, as in the product.

The county is built from random responses, as the star of `figures` would sum them up. Reading it from a database is not
measured. Protecting it is computation only; then the rows replace the stored ones.
"""

import asyncio
import multiprocessing
import random
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import asyncpg

from shared.disclosure.model import ALL, FURTHER, Cell, population
from shared.disclosure.nesting import UnitSpan
from shared.disclosure.periods import parents
from shared.disclosure.protect import minimum
from shared.disclosure.star import is_published
from shared.publication.protection import Protected, Row, protected, views_of
from shared.publication.replace import replace_published
from shared.publication.snapshot import CountyYear, Snapshot
from tests.bench.sizes import Sizes
from tests.bench.stage import Stage

_COUNTY: Final = CountyYear("oma-hame", 2026)
_FAMILY: Final = "nps"
_NOW: Final = datetime(2027, 1, 1, tzinfo=UTC)
_QUESTIONS: Final = 11
_CHANNELS: Final = {"sms": 0.45, "device": 0.53, "chat": 0.02}
_SEGMENTS: Final = {"multidisciplinary": 0.1, "other": 0.4, "unknown": 0.5}
_NPS: Final = {"promoters": 0.8, "passives": 0.12, "detractors": 0.08}
_STATEMENT: Final = {"c1": 0.02, "c2": 0.03, "c3": 0.1, "c4": 0.25, "c5": 0.58, "not_applicable": 0.02}
_COLUMNS: Final = (
    "select attname from pg_attribute where attrelid = format('report.%I', $1::text)::regclass and attnum > 0"
)


@dataclass(frozen=True, slots=True)
class County:
    """A county to publish: its units and the responses of a year, spread unevenly over them."""

    units: int
    responses: int


@dataclass(frozen=True, slots=True)
class Publication:
    """One publication. `small`: rows hidden for their own size, among the `hidden` ones."""

    county: County
    rows: int
    small: int
    hidden: int
    protect_cpu_s: float
    replace_s: float
    peak_mib: float

    @property
    def hidden_share(self) -> float:
        """Share of hidden rows, 0 to 1."""
        return self.hidden / self.rows


async def publication(stage: Stage, sizes: Sizes, report: Callable[[str], None]) -> list[Publication]:
    """Publish counties of the given sizes, one after another."""
    found = []
    for units, responses in sizes.published:
        database = await stage.database()
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            dsn, loop = database.dsn(f"hva_{_FAMILY}"), asyncio.get_running_loop()
            one = await loop.run_in_executor(pool, _published, dsn, County(units, responses))
        await stage.drop(database)
        found.append(one)
        report(
            f"a county of {units} units: {one.rows} rows, {100 * one.hidden_share:.1f} % hidden,"
            f" protected in {one.protect_cpu_s:.1f} s of CPU"
        )
    return found


def _published(dsn: str, county: County) -> Publication:
    snapshot = snapshot_of(county)
    began = time.process_time()
    rows = protected(snapshot.cells, snapshot.spans, snapshot.sensitive)
    protect_cpu_s = time.process_time() - began
    replace_s = asyncio.run(_replaced(dsn, snapshot, rows))
    small = sum(0 < population(cell, row) < minimum(cell, snapshot.sensitive) for cell, row in snapshot.cells.items())
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Publication(county, len(snapshot.cells), small, rows.hidden, protect_cpu_s, replace_s, peak_mib)


async def _replaced(dsn: str, snapshot: Snapshot, rows: Protected) -> float:
    connection = await asyncpg.connect(dsn)
    try:
        for view in views_of(_FAMILY):
            columns = [row["attname"] for row in await connection.fetch(_COLUMNS, view)]
            for row in rows.rows.get(view, ()):
                for column in columns:
                    row.setdefault(column)  # shares and scores cost what other numbers cost
        began = time.monotonic()
        await replace_published(connection, _FAMILY, _COUNTY, snapshot, rows, _NOW, lambda: time.monotonic() - began)
        return time.monotonic() - began
    finally:
        await connection.close()


def snapshot_of(county: County) -> Snapshot:
    """The input of a publication. Equal counties give equal input."""
    chance = random.Random(1)
    units = [_scopes(number, county.units) for number in range(county.units)]
    weights = [1 / (1 + number) for number in range(county.units)]  # few units are large
    counts: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for unit in chance.choices(units, weights, k=county.responses):
        keys = list(_keys(chance, unit))
        for view, columns, further in _answers(chance):
            for key in keys:
                counts[(view, *key, *further)].update(columns)
    cells = {cell: _row(cell, found) for key, found in counts.items() if is_published(cell := Cell(key))}
    sensitive = frozenset(unit["unit"] for unit in units[::7])
    return Snapshot(cells, [UnitSpan(date.min, date.max, unit) for unit in units], sensitive, 1, "")


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


def _keys(chance: random.Random, unit: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """The keys of all rows in which a response counts, and of some that are not published."""
    day = date(_COUNTY.year, 1, 1) + timedelta(chance.randrange(365))
    month = ("month", f"{day:%Y-%m}")
    channel, segment = _any(chance, _CHANNELS), _any(chance, _SEGMENTS)
    for period in (("day", day.isoformat()), month, *parents(*month)):
        for scope in unit.items():
            yield (*period, *scope, ALL, ALL)
            if scope[0] in ("county", "division", "result_area", "service_area"):
                yield (*period, *scope, channel, ALL)
                yield (*period, *scope, ALL, segment)


def _answers(chance: random.Random) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Where a response counts: view, columns and further keys."""
    yield "response", ("responses",), ()
    yield "nps", ("n", _any(chance, _NPS)), ()
    for question in chance.sample(range(_QUESTIONS), 2):
        answer = _any(chance, _STATEMENT)
        columns = (answer,) if answer == "not_applicable" else ("n", answer)
        yield "statement", columns, (f"question-{question:02}",)


def _any(chance: random.Random, weights: Mapping[str, float]) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]


def _row(cell: Cell, found: Counter[str]) -> Row:
    keys = zip(("period_kind", "period", "scope_level", "scope", "channel", "segment"), cell[1:], strict=False)
    further = zip(cell.view.further, cell[FURTHER:], strict=True)
    counts = {column: found[column] for column in (*cell.view.population, *cell.view.categories)}
    return {"county": _COUNTY.county, **dict(keys), **dict(further), **counts, "state": "final"}
