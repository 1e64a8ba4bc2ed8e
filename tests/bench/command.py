"""`python -m tests.bench`: every measurement in one run on real servers."""

import argparse
import asyncio
import time
from dataclasses import asdict

from shared.registers import load_folder
from tests.bench.contest import contest
from tests.bench.sizes import FULL, QUICK
from tests.bench.stage import stage
from tests.bench.workload import canonical, registers_folder


async def go(options: argparse.Namespace) -> None:
    sizes = QUICK if options.quick else FULL
    started = time.monotonic()

    def say(words: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {words}", flush=True)

    events = canonical(sizes.events, load_folder(registers_folder()))
    say(f"{len(events)} events made")
    async with stage() as ready:
        say("servers are up")
        for k, v in (await contest(ready, events, sizes, say)).items():
            print(k, asdict(v))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--quick", action="store_true")
    asyncio.run(go(parser.parse_args()))
