"""What fault tests send, and the result that the independent recomputation expects."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from tests import oracle
from tests.product import SAMPLE

AS_OF = datetime(2026, 7, 1, tzinfo=UTC)
CONFIG = SAMPLE / "config"

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Workload:
    """Lines to send and their expected result: `figures` has the views of every family, `unlabelled` the views of nps
    and fcr when `segments` does not run, `rejected` the number of dead letters by reason.
    """

    lines: tuple[bytes, ...]
    figures: Rows
    unlabelled: Rows
    rejected: Counter[str]


@cache
def _registers(folder: Path) -> oracle.Registers:
    return oracle.load(folder)


def workload_of(lines: Iterable[bytes], folder: Path = CONFIG, now: datetime | None = None) -> Workload:
    """The lines with their result by the registers of a folder; `now` is the time of validation, by default the
    current time.
    """
    lines, registers, now = tuple(lines), _registers(folder), now or datetime.now(UTC)
    verdict_of = {line: oracle.judge(line, registers, now) for line in set(lines)}
    verdicts = [verdict_of[line] for line in lines]
    accepted = [v for v in verdicts if hasattr(v, "kind")]
    rejected = Counter(v.reason for v in verdicts if not hasattr(v, "kind"))
    facts = oracle.current(accepted, erasures=True)
    care = oracle.Care(facts, registers)
    unlabelled = oracle.views(facts, registers, AS_OF) | oracle.fcr_views(facts, registers, AS_OF)
    labels = care.membership.label
    figures = oracle.views(facts, registers, AS_OF, labels) | oracle.fcr_views(facts, registers, AS_OF, labels)
    return Workload(lines, figures | care.views(AS_OF), unlabelled, rejected)


@cache
def default_workload(size: int = 800) -> Workload:
    """The workload of most tests: adversarial events, shuffled, a tenth of them duplicated."""
    lines = oracle.adversarial(7, size, CONFIG)
    return workload_of(oracle.duplicated(oracle.shuffled(lines, 7), 7, 0.1))
