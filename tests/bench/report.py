"""The results as Markdown tables and as JSON."""

import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import asyncpg

from tests.bench import following
from tests.bench.aims import aims, facts
from tests.bench.comparison import Summary
from tests.bench.counties import Counties
from tests.bench.country import COUNTIES
from tests.bench.freshness import RATE, Freshness
from tests.bench.publication import Publication
from tests.bench.publishing import Publishing
from tests.bench.reading import LEVEL, LEVELS, Reading, Timed
from tests.bench.rest import Cost, Rest
from tests.bench.results import FamilyResults, Results
from tests.bench.side_by_side.table import table
from tests.bench.stage import Stage

BEGIN: Final = "<!-- begin of what `python -m tests.bench --write` writes -->"
END: Final = "<!-- end -->"
_PACKAGES: Final = ("faststream", "aiokafka", "asyncpg", "pydantic", "orjson", "uvloop")


async def machine(stage: Stage) -> dict[str, str]:
    """The hardware and software of the run."""
    connection = await asyncpg.connect(stage.admin)
    try:
        postgres = await connection.fetchval("show server_version")
    finally:
        await connection.close()
    return {
        "CPU": f"{os.cpu_count()} x {_cpu()}",
        "System": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "PostgreSQL": str(postgres),
        **{name: version(name) for name in _PACKAGES},
    }


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def as_json(results: Results) -> dict[str, Any]:
    """All results and the aims."""
    return {**asdict(results), "aims": [asdict(aim) for aim in aims(results)]}


def markdown(results: Results) -> str:
    """All tables."""
    return "\n".join(_lines(results)) + "\n"


def _lines(results: Results) -> Iterator[str]:
    yield from ("| | |", "|---|---|", *(f"| {name} | {what} |" for name, what in results.machine.items()), "")
    yield from ("| Aim | | Measured | |", "|---|---|---|---|")
    for aim in aims(results):
        yield f"| {aim.what} | {aim.aim} | {aim.measured} | {'met' if aim.met else '**missed**'} |"
    if results.ingest:
        yield from ("", *_rates({"ingest, every stream": results.ingest}))
    if results.publications:
        yield from ("", *_publications(results.publications))
    for name, found in results.families.items():
        yield from ("", f"### {name}", *_of_family(found))
        if found.rest:
            yield from ("", *_rest(found.rest))


def _of_family(results: FamilyResults) -> Iterator[str]:
    if results.comparison:
        yield from ("", *_rates(results.comparison))
    if results.side_by_side:
        yield from ("", *table(results.side_by_side))
    if results.history:
        yield from ("", *_history(results.history))
    if results.freshness:
        yield from ("", *_freshness("Freshness at 200 events/s, ms", results.freshness))
    if results.publishing:
        yield from ("", *_publishing(results.publishing))
    if results.counties:
        yield from ("", *_counties(results.counties))
    yield from _sentences(results)
    if results.reading:
        yield from ("", *_reading(results.reading))


def _sentences(results: FamilyResults) -> Iterator[str]:
    if results.disk:
        disk = results.disk
        yield ""
        yield (
            f"Disk at {facts(round(disk.facts, -5))}: {disk.rows:.0f} bytes a fact for its row, "
            f"{disk.indexes:.0f} for indexes, {disk.derived:.0f} for buckets and what is derived."
        )
    for audit in results.audits:
        yield ""
        yield (
            f"Audit of one county with {audit.facts:,} facts: {audit.seconds:,.0f} s, {audit.cpu_s:,.0f} s of CPU of "
            f"the process, {audit.before_mib:.0f} MiB before and {audit.peak_mib:.0f} MiB at most."
        )
    if results.flips:
        flips = results.flips
        yield ""
        yield (
            f"Plan flips: {flips.histories} histories from nothing, {flips.batches} batches of 500 events: "
            f"p50 {flips.p50:.0f} ms, p99 {flips.p99:.0f} ms, slowest {flips.slowest:.0f} ms."
        )
    if results.relabelled:
        relabelled = results.relabelled
        yield ""
        yield (
            f"Relabelling: {relabelled.facts:,} facts of {relabelled.histories:,} clients"
            f" in {relabelled.seconds:.1f} s, {relabelled.rate:,.0f} facts/s."
        )
    if results.following:
        wait = results.following
        yield ""
        yield (
            f"From a change of membership to the label in nps, {wait.events} changes, {following.RATE} a second "
            f"beside {following.LOAD} other events a second: p50 {wait.p50:.0f} ms, p99 {wait.p99:.0f} ms, "
            f"slowest {wait.slowest:.0f} ms."
        )
    if results.activation:
        found = results.activation
        yield ""
        yield (
            f"A rule that makes members of {found.clients:,} clients with {found.relabelled:,} service events: "
            f"prepared in steps of {found.longest_step_s * 1000:,.0f} ms at most, "
            f"activated in {found.activation_s:.1f} s."
        )


def _rates(rows: Mapping[str, Summary]) -> Iterator[str]:
    yield "| | events/s (slowest-fastest round) | CPU, process, µs/event | PostgreSQL, µs/event | peak memory |"
    yield "|---|---|---|---|---|"
    for name, found in rows.items():
        spread = f"{found.slowest:,.0f}-{found.fastest:,.0f}"
        cpu = f"{found.service_us:.0f} | {found.postgres_us:.0f}"
        yield f"| {name} | {found.rate:,.0f} ({spread}) | {cpu} | {found.peak_mib:.0f} MiB |"


def _publications(found: Iterable[Publication]) -> Iterator[str]:
    yield "| A year of nps of a county | rows | hidden | CPU of the publisher | duration | peak memory |"
    yield "|---|---|---|---|---|---|"
    for one in found:
        what = f"{one.county.units} units, {one.county.responses:,} responses"
        costs = f"{one.cpu_s:.1f} s | {one.seconds:.1f} s | {one.peak_mib:.0f} MiB"
        yield f"| {what} | {one.rows:,} | {one.hidden_share:.1%} | {costs} |"


def _freshness(what: str, rows: Mapping[str, Freshness]) -> Iterator[str]:
    yield from (f"| {what} | p50 | p99 | largest |", "|---|---|---|---|")
    for name, fresh in rows.items():
        yield f"| {name} | {fresh.p50:.0f} | {fresh.p99:.0f} | {fresh.slowest:.0f} |"


def _publishing(found: Publishing) -> Iterator[str]:
    year = f"{found.publications} of a year, {found.rows:,} rows, {found.seconds:.0f} s each"
    rows = {
        "without a publication": found.without,
        f"during a publication ({year})": found.during,
        "during a loop in the idle scheduling class, instead of a publication": found.idle_loop,
    }
    yield from _freshness("Freshness at 200 events/s, medians of turns, ms", rows)


def _counties(found: Counties) -> Iterator[str]:
    yield from ("| counties, replicas | events/s |", "|---|---|")
    for counties, by_replicas in found.rates.items():
        yield from (f"| {counties}, {replicas} | {rate:,.0f} |" for replicas, rate in by_replicas.items())
    if found.held:
        yield from ("", *_freshness("At 200 events/s, ms", {"other counties, while one is held for 5 s": found.held}))


def _history(history: Mapping[str, Mapping[int, float]]) -> Iterator[str]:
    sizes = sorted({size for found in history.values() for size in found})
    yield f"| events/s with history | {' | '.join(facts(size) for size in sizes)} |"
    yield "|---" * (len(sizes) + 1) + "|"
    for kind, found in history.items():
        yield f"| {kind} | {' | '.join(f'{found[size]:,.0f}' if size in found else '-' for size in sizes)} |"


def _reading(reading: Reading) -> Iterator[str]:
    millions = f"{reading.facts / 1e6:.1f} M {reading.what}, loaded in {reading.loading_s:.0f} s"
    yield f"| A county's quarter, ms (rows), of {millions} | {LEVEL} | {LEVELS} |"
    yield "|---|---|---|"
    for view, levels in reading.views.items():
        yield f"| {view} | {' | '.join(_timed(levels[level]) for level in (LEVEL, LEVELS))} |"
    if reading.counts:
        yield from ("", "| Stored cells recomputed, ms (cells) | |", "|---|---|")
    for kind, timed in reading.counts.items():
        yield f"| a {kind} | {_timed(timed)} |"


def _rest(rest: Rest) -> Iterator[str]:
    facts = f"{rest.facts / 1e6:.1f} M facts in {COUNTIES} counties"
    yield f"| {facts} | PostgreSQL, % of a core | a replica, % | transactions/s |"
    yield "|---|---|---|---|"
    for replicas, cost in rest.resting.items():
        yield f"| at rest, {replicas} replica{'s' * (replicas > 1)} | {_cost(cost)} |"
    if rest.loaded and rest.fresh:
        fresh = f"freshness p50 {rest.fresh.p50:.0f} ms, p99 {rest.fresh.p99:.0f} ms"
        yield f"| {RATE} events/s, {fresh} | {_cost(rest.loaded)} |"


def _cost(cost: Cost) -> str:
    return f"{cost.postgres:.1f} | {cost.service:.1f} | {cost.transactions:.0f}"


def _timed(timed: Timed) -> str:
    return f"{timed.median_ms:,.0f}, slowest {timed.slowest:,.0f} ({timed.rows:,})"


def write_into(page: Path, text: str) -> None:
    """Write the tables between the markers of a page. Raises ValueError if it has none."""
    whole = page.read_text(encoding="utf-8")
    before, begin, rest = whole.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no markers for the results")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")
