"""The results as Markdown tables and as JSON."""

import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import asyncpg

from tests.bench.activation import Activation
from tests.bench.comparison import BARE, NAIVE, OURS, REPLAY, Summary
from tests.bench.flips import Flips
from tests.bench.following import LOAD, RATE
from tests.bench.freshness import Freshness
from tests.bench.labels import Relabelled
from tests.bench.publication import Publication
from tests.bench.reading import LEVEL, LEVELS, Reading, Timed
from tests.bench.stage import Stage

BEGIN: Final = "<!-- begin of what `python -m tests.bench --write` writes -->"
END: Final = "<!-- end -->"
_NAIVE: Final = "ours / naive"
_BARE: Final = "ours / bare loop"
_REPLAY: Final = "replay / first pass"
_RATE: Final = "ours, events/s"
_SLOWEST: Final = "slowest view of a county's quarter"
_AIMS: Final[Mapping[str, Mapping[str, float]]] = {
    "nps": {_NAIVE: 12, _BARE: 0.7, _REPLAY: 2},
    "fcr": {_NAIVE: 10, _RATE: 10_000, _SLOWEST: 200},
    "segments": {_NAIVE: 10, _RATE: 10_000, _SLOWEST: 300},
}
_PROTECT_S: Final = {52: 5, 400: 60}  # by units
_PACKAGES: Final = ("faststream", "aiokafka", "asyncpg", "pydantic", "orjson", "uvloop")


@dataclass
class FamilyResults:
    """The results of a family; a part that was not measured is None or empty."""

    comparison: dict[str, Summary] = field(default_factory=dict)
    history: dict[str, dict[int, float]] = field(default_factory=dict)
    freshness: dict[str, Freshness] = field(default_factory=dict)
    flips: Flips | None = None
    relabelled: Relabelled | None = None
    following: Freshness | None = None
    activation: Activation | None = None
    reading: Reading | None = None


@dataclass
class Results:
    """All results of a run."""

    machine: dict[str, str]
    families: dict[str, FamilyResults] = field(default_factory=dict)
    ingest: Summary | None = None
    publications: list[Publication] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """All results and the aims."""
        return {**asdict(self), "aims": [asdict(aim) for aim in aims(self)]}


@dataclass(frozen=True, slots=True)
class Aim:
    """One row of the table of aims."""

    what: str
    aim: str
    measured: str
    met: bool


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


def aims(results: Results) -> list[Aim]:
    """The aims for which all measurements exist."""
    return list(_aims(results))


def _aims(results: Results) -> Iterator[Aim]:
    for name, found in results.families.items():
        yield from (replace(aim, what=f"{name}: {aim.what}") for aim in _aims_of(_AIMS[name], found))
    if results.ingest:
        rate = results.ingest.rate
        yield Aim("ingest, one process", ">= 15,000 events/s", f"{rate:,.0f} events/s", rate >= 15_000)
    if results.publications:
        found = {one.county.units: one for one in results.publications}
        for units, seconds in _PROTECT_S.items():
            if units in found:
                taken = found[units].protect_cpu_s
                what = f"publication, {units} units: CPU of disclosure control"
                yield Aim(what, f"< {seconds} s", f"{taken:.1f} s", taken < seconds)
        peak = max(one.peak_mib for one in results.publications)
        yield Aim("publication, peak memory", "< 500 MB", f"{peak * 1.048576:.0f} MB", peak * 1.048576 < 500)


def _aims_of(aims: Mapping[str, float], results: FamilyResults) -> Iterator[Aim]:
    rates = {name: found.rate for name, found in results.comparison.items()}
    if {NAIVE, OURS, BARE, REPLAY} <= rates.keys():
        ratios = {_NAIVE: (OURS, NAIVE), _BARE: (OURS, BARE), _REPLAY: (REPLAY, OURS)}
        yield from (
            _min_ratio(what, rates[a] / rates[b], aims[what]) for what, (a, b) in ratios.items() if what in aims
        )
        if _RATE in aims:
            yield Aim(_RATE, f">= {aims[_RATE]:,.0f}", f"{rates[OURS]:,.0f}", rates[OURS] >= aims[_RATE])
    for kind, by_size in results.history.items():
        sizes = sorted(by_size)
        if len(sizes) > 1:
            what = f"rate at {_facts(sizes[-1])} / at {_facts(sizes[0])}, {kind}"
            yield _min_ratio(what, by_size[sizes[-1]] / by_size[sizes[0]], 0.9)
    for route, fresh in results.freshness.items():
        yield Aim(f"freshness p99, {route}", "<= 150 ms", f"{fresh.p99:.0f} ms", fresh.p99 <= 150)
    if results.reading:
        slowest = max(timed.median_ms for levels in results.reading.views.values() for timed in levels.values())
        yield Aim(_SLOWEST, f"< {aims[_SLOWEST]:g} ms", f"{slowest:.0f} ms", slowest < aims[_SLOWEST])


def _min_ratio(what: str, ratio: float, minimum: float) -> Aim:
    return Aim(what, f">= {minimum:g}", f"{ratio:.2f}", ratio >= minimum)


def _facts(number: int) -> str:
    return f"{number / 1e6:g} M facts"


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


def _of_family(results: FamilyResults) -> Iterator[str]:
    if results.comparison:
        yield from ("", *_rates(results.comparison))
    if results.history:
        yield from ("", *_history(results.history))
    if results.freshness:
        yield from ("", "| Freshness at 200 events/s, ms | p50 | p99 | largest |", "|---|---|---|---|")
        for route, fresh in results.freshness.items():
            yield f"| {route} | {fresh.p50:.0f} | {fresh.p99:.0f} | {fresh.slowest:.0f} |"
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
            f"From a change of membership to the label in nps, {wait.events} changes, {RATE} a second beside {LOAD} "
            f"other events a second: p50 {wait.p50:.0f} ms, p99 {wait.p99:.0f} ms, slowest {wait.slowest:.0f} ms."
        )
    if results.activation:
        found = results.activation
        yield ""
        yield (
            f"A rule that makes members of {found.clients:,} clients with {found.relabelled:,} service events: "
            f"prepared in steps of {found.longest_step_s * 1000:,.0f} ms at most, "
            f"activated in {found.activation_s:.1f} s."
        )
    if results.reading:
        yield from ("", *_reading(results.reading))


def _rates(rows: Mapping[str, Summary]) -> Iterator[str]:
    yield "| | events/s (slowest-fastest round) | CPU, process, µs/event | PostgreSQL, µs/event | peak memory |"
    yield "|---|---|---|---|---|"
    for name, found in rows.items():
        spread = f"{found.slowest:,.0f}-{found.fastest:,.0f}"
        cpu = f"{found.service_us:.0f} | {found.postgres_us:.0f}"
        yield f"| {name} | {found.rate:,.0f} ({spread}) | {cpu} | {found.peak_mib:.0f} MiB |"


def _publications(found: Iterable[Publication]) -> Iterator[str]:
    yield "| A year of nps of a county | rows | hidden (for their own size) | protecting, CPU | storing | peak memory |"
    yield "|---|---|---|---|---|---|"
    for one in found:
        what = f"{one.county.units} units, {one.county.responses:,} responses"
        hidden = f"{one.hidden_share:.1%} ({one.small / one.rows:.1%})"
        costs = f"{one.protect_cpu_s:.1f} s | {one.replace_s:.1f} s | {one.peak_mib:.0f} MiB"
        yield f"| {what} | {one.rows:,} | {hidden} | {costs} |"


def _history(history: Mapping[str, Mapping[int, float]]) -> Iterator[str]:
    sizes = sorted({size for found in history.values() for size in found})
    yield f"| events/s with history | {' | '.join(_facts(size) for size in sizes)} |"
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
