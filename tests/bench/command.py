"""`python -m tests.bench`: every measurement in one run, on a real Kafka and a real PostgreSQL of its own."""

import argparse
import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import orjson

from shared.registers import load_folder
from tests.bench.contest import contest
from tests.bench.flips import flips
from tests.bench.freshness import freshness
from tests.bench.history import history
from tests.bench.ingesting import ingesting
from tests.bench.report import Results, machine, markdown, write_into
from tests.bench.sizes import FULL, QUICK, Sizes
from tests.bench.stage import Stage, stage
from tests.bench.workload import Event, canonical, raw, registers_folder

PARTS: Final = ("contest", "ingest", "flips", "history", "freshness")
_JSON: Final = Path(".hva/bench.json")


async def measure(stage: Stage, sizes: Sizes, parts: list[str], say: Callable[[str], None]) -> Results:
    """The parts asked for."""
    results = Results(await machine(stage))
    registers = load_folder(registers_folder())
    events = canonical(sizes.events, registers)
    say(f"{len(events)} events of the feedback stream made")
    if "contest" in parts:
        results.contest = await contest(stage, events, sizes, say)
    if "ingest" in parts:
        results.ingest = await ingesting(stage, raw(sizes.raw), sizes, say)
    if "flips" in parts:
        results.flips = await flips(stage, events, registers, sizes, say)
    if "history" in parts or "freshness" in parts:
        await _with_history(stage, events, sizes, parts, results, say)
    return results


async def _with_history(
    stage: Stage, events: list[Event], sizes: Sizes, parts: list[str], results: Results, say: Callable[[str], None]
) -> None:
    """Freshness is measured on the largest database there is."""
    if "history" in parts:
        found, database = await history(stage, events, sizes, say, scattered=False)
        results.history["growing ids"] = found
        await stage.drop(database)
    found, database = await history(stage, events, sizes, say, scattered=True)
    results.history["random ids"] = found
    if "freshness" in parts:
        for way, whole_way in (("canonical record to figure", False), ("raw record to figure", True)):
            results.freshness[way] = await freshness(stage, database, events, sizes, whole_way=whole_way)
            say(f"freshness, {way}: p99 {results.freshness[way].p99:.0f} ms")


async def run(options: argparse.Namespace) -> None:
    """Measure, tell and write."""
    started = time.monotonic()

    def say(words: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {words}", flush=True)

    async with stage() as ready:
        say("the servers are up")
        results = await measure(ready, QUICK if options.quick else FULL, options.only or list(PARTS), say)
    say("done\n")
    print(markdown(results))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_bytes(orjson.dumps(results.as_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS))
    if options.write:
        write_into(options.write, markdown(results))


def main() -> None:
    """The command line."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # leaders of new topics take a moment to be known
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a look in a minute and a half; its numbers are rough")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part only; may be given again")
    parser.add_argument("--json", type=Path, default=_JSON, help=f"where the numbers go ({_JSON})")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables into this page, between its marks")
    asyncio.run(run(parser.parse_args()))
