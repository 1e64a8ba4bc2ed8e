"""`python -m tests.bench.hidden`: how much of a simulated county disclosure control hides.

Simulates events, brings them to the figures without Kafka, publishes a year with the product's own publisher on a
PostgreSQL of its own, and prints the tables of docs/privacy.md.
"""

import argparse
import asyncio
import time
from collections.abc import Callable
from datetime import date
from typing import Final

from deploy.simulate import Options
from shared.publication.__main__ import connect
from shared.publication.protection import FAMILIES, Protected
from shared.publication.publish import protect_snapshot, publish
from shared.publication.snapshot import CountyYear, Snapshot
from shared.registers import Registers, load_folder
from tests.bench.folded import as_of, fold
from tests.bench.hidden_rows import County, Hidden, costs, hidden_of, markdown
from tests.bench.stage import Database, Stage, stage
from tests.bench.workload import registers_folder

_COUNTY: Final = "oma-hame"
_QUARTER: Final = 365 / 4  # days


async def measure(
    stage: Stage, registers: Registers, options: Options, families: list[str], report: Callable[[str], None]
) -> County:
    """Publish the year in which the simulation ends."""
    database = await stage.database()
    await stage.release_publications(database)
    events = await fold(stage, database, registers, options, report)
    found = County(options.clients, events / options.days * _QUARTER)
    for family in families:
        found.families[family] = await _published(database, family, options)
        report(f"{family} published: {found.families[family].total} of {found.families[family].total.rows:,} rows")
    await stage.drop(database)
    return found


async def _published(database: Database, family: str, options: Options) -> Hidden:
    found: list[Hidden] = []

    def protect(snapshot: Snapshot) -> Protected:
        started = time.process_time()
        rows = protect_snapshot(snapshot)
        cpu_s = time.process_time() - started
        found.append(hidden_of(family, snapshot, rows, options.first_day, options.until))
        found[0].cpu_s = cpu_s
        return rows

    connection = await connect(database.dsn(f"hva_{family}"), family)
    try:
        assert await publish(connection, family, CountyYear(_COUNTY, options.until.year), as_of(options), protect)
    finally:
        await connection.close()
    return found[0]


async def run(arguments: argparse.Namespace) -> None:
    """Measure one county after another, and print the tables so far after each."""
    started = time.monotonic()

    def report(message: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {message}", flush=True)

    registers, counties = load_folder(registers_folder()), []
    async with stage(["postgres"]) as ready:
        for clients in arguments.clients:
            options = Options(arguments.until, arguments.days, clients, arguments.seed, (_COUNTY,))
            county = await measure(ready, registers, options, arguments.family or list(FAMILIES), report)
            report(f"{clients:,} clients; disclosure control took {costs(county.families)} of CPU")
            counties.append(county)
            print("", *markdown(counties), "", sep="\n", flush=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.hidden", description=__doc__)
    parser.add_argument("--clients", type=int, nargs="+", default=[1_000], metavar="N", help="sizes of the county")
    parser.add_argument("--family", action="append", choices=FAMILIES, help="only this family; may be repeated")
    parser.add_argument("--days", type=int, default=365, metavar="N", help="days before --until")
    parser.add_argument(
        "--until", type=date.fromisoformat, default=date(2026, 11, 29), help="first day that is not simulated"
    )
    parser.add_argument("--seed", type=int, default=7)
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
