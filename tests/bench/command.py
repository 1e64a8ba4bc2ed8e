"""`python -m tests.bench`: runs all measurements on its own Kafka and PostgreSQL."""

import argparse
import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import orjson

from shared.registers import Registers, load_folder
from tests.bench.activation import measure_activation
from tests.bench.auditing import audited
from tests.bench.comparison import compare
from tests.bench.counties import side_by_side_counties
from tests.bench.family import FAMILIES, FCR, NPS, SEGMENTS, Family
from tests.bench.flips import flips
from tests.bench.following import following
from tests.bench.freshness import freshness
from tests.bench.history import disk, history
from tests.bench.ingesting import ingesting
from tests.bench.labels import relabelling
from tests.bench.publication import publication
from tests.bench.publishing import publishing
from tests.bench.reading_care import reading_care
from tests.bench.reading_contacts import reading_contacts
from tests.bench.report import as_json, machine, markdown, write_into
from tests.bench.rest import resting
from tests.bench.results import FamilyResults, Results
from tests.bench.side_by_side.comparison import side_by_side
from tests.bench.sizes import FULL, QUICK, Sizes
from tests.bench.stage import Database, Stage, stage
from tests.bench.workload import Event, canonical, raw, registers_folder

PARTS: Final = (
    *("comparison", "ingest", "flips", "history", "audit", "freshness", "publishing", "labels", "peers", "reading"),
    *("publication", "rest", "counties"),
)
_PARTS_OF_ALL: Final = {
    *("comparison", "flips", "history", "audit", "freshness", "publishing", "labels", "rest", "counties"),
}
_PARTS_OF_FAMILIES: Final = {
    NPS.name: _PARTS_OF_ALL | {"peers"},
    FCR.name: _PARTS_OF_ALL | {"reading"},
    SEGMENTS.name: _PARTS_OF_ALL | {"reading"},
}
_READINGS: Final = {FCR.name: reading_contacts, SEGMENTS.name: reading_care}
_JSON: Final = Path(".hva/bench.json")


async def measure(
    stage: Stage, sizes: Sizes, parts: set[str], families: list[Family], report: Callable[[str], None]
) -> Results:
    """Run the requested parts."""
    results = Results(await machine(stage))
    registers = load_folder(registers_folder())
    if "ingest" in parts:
        results.ingest = await ingesting(stage, raw(sizes.raw), sizes, report)
    if "publication" in parts:
        results.publications = await publication(stage, sizes, report)
    for family in families:
        if wanted := parts & _PARTS_OF_FAMILIES[family.name]:
            results.families[family.name] = await _family(stage, family, registers, sizes, wanted, report)
    return results


async def _family(
    stage: Stage,
    family: Family,
    registers: Registers,
    sizes: Sizes,
    parts: set[str],
    report: Callable[[str], None],
) -> FamilyResults:
    events = canonical(sizes.events, registers, family.stream)
    report(f"{len(events)} events of the {family.stream} stream generated")
    found = FamilyResults()
    if "comparison" in parts:
        found.comparison = await compare(stage, family, events, sizes, report)
    if "peers" in parts:
        found.side_by_side = await side_by_side(stage, events, sizes, report)
    if "flips" in parts:
        found.flips = await flips(stage, family, events, registers, sizes, report)
    if parts & {"history", "freshness", "audit"}:
        await _with_history(stage, family, events, sizes, parts, found, report)
    if "publishing" in parts:
        found.publishing = await publishing(stage, family, events, sizes, report)
    if "labels" in parts:
        await _labels(stage, family, events, registers, sizes, found, report)
    if "reading" in parts:
        found.reading = await _READINGS[family.name](stage, events, sizes, report)
    if "counties" in parts:
        found.counties = await side_by_side_counties(stage, family, events, sizes, report)
    if "rest" in parts:
        found.rest = await resting(stage, family, events, sizes, report)
    return found


async def _labels(
    stage: Stage,
    family: Family,
    events: list[Event],
    registers: Registers,
    sizes: Sizes,
    results: FamilyResults,
    report: Callable[[str], None],
) -> None:
    if family is SEGMENTS:
        results.following = await following(stage, events, registers, sizes, report)
        results.activation = await measure_activation(stage, registers, sizes, report)
    else:
        results.relabelled = await relabelling(stage, family, events, sizes, report)


async def _with_history(
    stage: Stage,
    family: Family,
    events: list[Event],
    sizes: Sizes,
    parts: set[str],
    results: FamilyResults,
    report: Callable[[str], None],
) -> None:
    """Measure the rate with history, and freshness on the largest database."""
    if "history" in parts:
        found, database = await history(stage, family, events, sizes, report, scattered=False)
        results.history["growing ids"] = found
        await stage.drop(database)

    async def audit(size: int, database: Database) -> None:
        if "audit" in parts and size in (sizes.histories[0], sizes.histories[-1]):
            results.audits.append(await audited(stage, family, database))
            report(f"{family.name}, {size} facts: {results.audits[-1]}")

    found, database = await history(stage, family, events, sizes, report, scattered=True, at_size=audit)
    results.history["random ids"] = found
    results.disk = await disk(family, database)
    if "freshness" in parts:
        for route, from_raw in (("canonical record to figure", False), ("raw record to figure", True)):
            fresh = await freshness(stage, family, database, events, sizes, from_raw=from_raw)
            results.freshness[route] = fresh
            report(f"{family.name}, freshness, {route}: p99 {fresh.p99:.0f} ms")
    await stage.drop(database)


async def run(options: argparse.Namespace) -> None:
    """Measure, print and write the results."""
    started = time.monotonic()

    def report(message: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {message}", flush=True)

    async with stage() as ready:
        report("the servers are up")
        families = [FAMILIES[name] for name in options.family or FAMILIES]
        results = await measure(ready, QUICK if options.quick else FULL, set(options.only or PARTS), families, report)
    report("done\n")
    print(markdown(results))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_bytes(orjson.dumps(as_json(results), option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS))
    if options.write:
        write_into(options.write, markdown(results))


def main() -> None:
    """The command line."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the leaders of new topics are unknown at first
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, rough numbers")
    parser.add_argument("--only", action="append", choices=PARTS, help="only this part; may be repeated")
    parser.add_argument("--family", action="append", choices=FAMILIES, help="only this family; may be repeated")
    parser.add_argument("--json", type=Path, default=_JSON, help=f"the file for the numbers ({_JSON})")
    parser.add_argument(
        "--write", type=Path, metavar="PAGE", help="write the tables into this page, between its markers"
    )
    asyncio.run(run(parser.parse_args()))
