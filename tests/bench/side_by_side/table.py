"""The side-by-side comparison as a Markdown table."""

from collections.abc import Iterator

from tests.bench.side_by_side.comparison import Side, SideBySide
from tests.bench.side_by_side.following import Wrong


def table(found: SideBySide) -> Iterator[str]:
    """The costs and the results of every contender, and why others could not run."""
    yield "| The same job | events/s (slowest-fastest) | CPU, process, µs/event | PostgreSQL | Kafka | peak memory |"
    yield "|---" * 6 + "|"
    for name, side in found.sides.items():
        yield f"| {name} {side.version}".rstrip() + f" | {' | '.join(_costs(side))} |"
    yield from (
        f"| {name} | did not run: {reason.replace('|', '/')} |" + " |" * 4 for name, reason in found.missing.items()
    )
    yield ""
    yield "| | freshness at 200 events/s, ms: p50 | p99 | wrong cells | wrong after two kills | last change after |"
    yield "|---" * 6 + "|"
    for name, side in found.sides.items():
        yield f"| {name} | {' | '.join(_results(side))} |"


def _costs(side: Side) -> Iterator[str]:
    rates = side.rates
    yield f"{rates.rate:,.0f} ({rates.slowest:,.0f}-{rates.fastest:,.0f})"
    yield from (f"{cost:.0f}" for cost in (rates.service_us, rates.postgres_us, side.kafka_us))
    yield f"{rates.peak_mib:.0f} MiB"


def _results(side: Side) -> Iterator[str]:
    yield from (f"{latency:,.0f}" for latency in (side.fresh.p50, side.fresh.p99)) if side.fresh else ("behind", "-")
    yield "-" if side.wrong is None else _wrong(side.wrong)
    yield _wrong(side.killed.wrong)
    yield f"{side.killed.settled_s:.1f} s"


def _wrong(wrong: Wrong) -> str:
    return f"**{wrong.cells:,}** of {wrong.of:,}" if wrong.cells else f"0 of {wrong.of:,}"
