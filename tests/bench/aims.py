"""The aims of the benchmarks, and whether the results meet them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from tests.bench.comparison import BARE, NAIVE, OURS, REPLAY
from tests.bench.results import FamilyResults, Results

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


@dataclass(frozen=True, slots=True)
class Aim:
    """One row of the table of aims."""

    what: str
    aim: str
    measured: str
    met: bool


def aims(results: Results) -> list[Aim]:
    """The aims for which all measurements exist."""
    return list(_aims(results))


def _aims(results: Results) -> Iterator[Aim]:
    for name, found in results.families.items():
        yield from (replace(aim, what=f"{name}: {aim.what}") for aim in _aims_of(_AIMS[name], found))
        if found.rest:
            share = found.rest.resting[1].service
            yield Aim(f"{name}: one replica at rest, of a core", "< 1 %", f"{share:.1f} %", share < 1)
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
            what = f"rate at {facts(sizes[-1])} / at {facts(sizes[0])}, {kind}"
            yield _min_ratio(what, by_size[sizes[-1]] / by_size[sizes[0]], 0.9)
    for route, fresh in results.freshness.items():
        yield Aim(f"freshness p99, {route}", "<= 150 ms", f"{fresh.p99:.0f} ms", fresh.p99 <= 150)
    if results.publishing:
        ratio = results.publishing.ratio
        yield Aim("freshness p99, while publishing / without", "<= 1.25", f"{ratio:.2f}", ratio <= 1.25)
    if results.reading:
        slowest = max(timed.median_ms for levels in results.reading.views.values() for timed in levels.values())
        yield Aim(_SLOWEST, f"< {aims[_SLOWEST]:g} ms", f"{slowest:.0f} ms", slowest < aims[_SLOWEST])


def _min_ratio(what: str, ratio: float, minimum: float) -> Aim:
    return Aim(what, f">= {minimum:g}", f"{ratio:.2f}", ratio >= minimum)


def facts(number: int) -> str:
    """A number of facts, in millions."""
    return f"{number / 1e6:g} M facts"
