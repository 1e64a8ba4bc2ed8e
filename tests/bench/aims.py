"""The aims of the benchmarks, and whether the results meet them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from tests.bench.comparison import BARE, NAIVE, OURS, REPLAY
from tests.bench.country import COUNTIES
from tests.bench.results import FamilyResults, Results

_NAIVE: Final = "ours / naive"
_BARE: Final = "ours / bare loop"
_REPLAY: Final = "replay / first pass"
_RATE: Final = "ours, events/s"
_CANONICAL: Final = "canonical record to figure"
_RAW: Final = "raw record to figure"
_SLOWEST: Final = "slowest view of a county's quarter"
_AIMS: Final[Mapping[str, Mapping[str, float]]] = {
    "nps": {_NAIVE: 12, _BARE: 0.8, _REPLAY: 3, _RATE: 12_000, _CANONICAL: 100, _RAW: 200},
    "fcr": {_NAIVE: 10, _BARE: 0.8, _REPLAY: 3, _RATE: 10_000, _CANONICAL: 150, _RAW: 200, _SLOWEST: 200},
    "segments": {_NAIVE: 10, _BARE: 0.8, _REPLAY: 3, _RATE: 12_000, _CANONICAL: 100, _RAW: 200, _SLOWEST: 300},
}
_INGEST: Final = 18_000
_RELABELLING_S: Final = 6
_TWO_REPLICAS: Final = 1.6
_HELD_MS: Final = 1000
_AUDIT_MIB: Final = 256
_PUBLISHER_CPU_S: Final = {52: 5, 400: 60}  # by units


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
        yield Aim("ingest, one process", f">= {_INGEST:,} events/s", f"{rate:,.0f} events/s", rate >= _INGEST)
    if results.publications:
        found = {one.county.units: one for one in results.publications}
        for units, seconds in _PUBLISHER_CPU_S.items():
            if units in found:
                taken = found[units].cpu_s
                what = f"publication, {units} units: CPU of the publisher"
                yield Aim(what, f"< {seconds} s", f"{taken:.1f} s", taken < seconds)
        peak = max(one.peak_mib for one in results.publications)
        yield Aim("publication, peak memory", "< 500 MB", f"{peak * 1.048576:.0f} MB", peak * 1.048576 < 500)


def _aims_of(aims: Mapping[str, float], results: FamilyResults) -> Iterator[Aim]:
    yield from _aims_of_rates(aims, results)
    for route, fresh in results.freshness.items():
        yield _max_ms(f"freshness p99, {route}", fresh.p99, aims[route])
    if results.audits:
        largest = max(results.audits, key=lambda audit: audit.facts)
        what = f"audit of {facts(round(largest.facts, -5))}, peak memory"
        yield Aim(what, f"<= {_AUDIT_MIB} MiB", f"{largest.peak_mib:.0f} MiB", largest.peak_mib <= _AUDIT_MIB)
    if results.publishing:
        ratio = results.publishing.ratio
        yield Aim("freshness p99, while publishing / without", "<= 1.25", f"{ratio:.2f}", ratio <= 1.25)
    if results.relabelled:
        taken = results.relabelled.seconds
        what = f"{results.relabelled.facts:,} facts relabelled"
        yield Aim(what, f"< {_RELABELLING_S} s", f"{taken:.1f} s", taken < _RELABELLING_S)
    if results.counties:
        one, two = (results.counties.rates[COUNTIES][replicas] for replicas in (1, 2))
        yield _min_ratio(f"{COUNTIES} counties: rate of 2 replicas / of 1", two / one, _TWO_REPLICAS)
        if results.counties.held:
            yield _max_ms("other counties while one is held, slowest", results.counties.held.slowest, _HELD_MS)
    if results.reading:
        slowest = max(timed.median_ms for levels in results.reading.views.values() for timed in levels.values())
        yield _max_ms(_SLOWEST, slowest, aims[_SLOWEST])


def _aims_of_rates(aims: Mapping[str, float], results: FamilyResults) -> Iterator[Aim]:
    rates = {name: found.rate for name, found in results.comparison.items()}
    if {NAIVE, OURS, BARE, REPLAY} <= rates.keys():
        for what, (a, b) in {_NAIVE: (OURS, NAIVE), _BARE: (OURS, BARE), _REPLAY: (REPLAY, OURS)}.items():
            yield _min_ratio(what, rates[a] / rates[b], aims[what])
        yield Aim(_RATE, f">= {aims[_RATE]:,.0f}", f"{rates[OURS]:,.0f}", rates[OURS] >= aims[_RATE])
    for kind, by_size in results.history.items():
        sizes = sorted(by_size)
        if len(sizes) > 1:
            what = f"rate at {facts(sizes[-1])} / at {facts(sizes[0])}, {kind}"
            yield _min_ratio(what, by_size[sizes[-1]] / by_size[sizes[0]], 0.95)


def _max_ms(what: str, measured: float, most: float) -> Aim:
    return Aim(what, f"<= {most:g} ms", f"{measured:.0f} ms", measured <= most)


def _min_ratio(what: str, ratio: float, minimum: float) -> Aim:
    return Aim(what, f">= {minimum:g}", f"{ratio:.2f}", ratio >= minimum)


def facts(number: int) -> str:
    """A number of facts, in millions."""
    return f"{number / 1e6:g} M facts"
