"""What fault tests send, and what must come of it by the recomputation."""

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
class Log:
    """Lines to send, and what must come of them by the recomputation: the views of every family, and those of nps and
    fcr while nobody tells them who is a member.
    """

    lines: tuple[bytes, ...]
    figures: Rows
    unlabelled: Rows
    rejected: Counter[str]


@cache
def registers_of(folder: Path) -> oracle.Registers:
    return oracle.load(folder)


def judged(lines: Iterable[bytes], folder: Path = CONFIG, now: datetime | None = None) -> Log:
    """The lines with their recomputation by the registers of a folder; `now`: by another clock than that of the run."""
    lines, registers, now = tuple(lines), registers_of(folder), now or datetime.now(UTC)
    of_line = {line: oracle.judge(line, registers, now) for line in set(lines)}
    verdicts = [of_line[line] for line in lines]
    accepted = [v for v in verdicts if hasattr(v, "kind")]
    rejected = Counter(v.reason for v in verdicts if not hasattr(v, "kind"))
    facts = oracle.current(accepted, erasures=True)
    care = oracle.Care(facts, registers)
    unlabelled = oracle.views(facts, registers, AS_OF) | oracle.fcr_views(facts, registers, AS_OF)
    labels = care.membership.label
    figures = oracle.views(facts, registers, AS_OF, labels) | oracle.fcr_views(facts, registers, AS_OF, labels)
    return Log(lines, figures | care.views(AS_OF), unlabelled, rejected)


@cache
def usual_log(size: int = 800) -> Log:
    """One log for most tests: adversarial, shuffled, a tenth of it doubled."""
    lines = oracle.adversarial(7, size, CONFIG)
    return judged(oracle.duplicated(oracle.shuffled(lines, 7), 7, 0.1))
