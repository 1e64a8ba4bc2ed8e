"""The expected figures: `tests/oracle` validates and counts the simulator's events independently."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from tests.oracle import KEYS, Care, current, differences, fcr_views, judge_all, load, views

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def recompute(lines: Sequence[bytes], config: Path, as_of: datetime) -> Rows:
    """The rows of every view, computed from the events only."""
    registers = load(config)
    facts = current([v for _, v in judge_all(lines, registers, datetime.now(UTC)) if hasattr(v, "kind")], erasures=True)
    care = Care(facts, registers)
    label = care.membership.label
    found: Rows = views(facts, registers, as_of, label) | fcr_views(facts, registers, as_of, label) | care.views(as_of)
    assert found.keys() == KEYS.keys()
    return found


async def compare(expected: Rows, dsn: str, as_of: datetime) -> tuple[int, list[str]]:
    """The number of rows compared, and the differences by view."""
    rows, differences_found = 0, list[str]()
    connection = await asyncpg.connect(dsn, server_settings={"hva.as_of": as_of.isoformat()})
    try:
        for view, wanted in expected.items():
            found = [dict(row) for row in await connection.fetch(f"select * from figures.{view}")]
            rows += len(found)
            differences_found += [f"{view}: {line}" for line in differences(wanted, found, KEYS[view])]
    finally:
        await connection.close()
    return rows, differences_found
