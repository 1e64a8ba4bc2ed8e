"""Commits of events of several counties, one transaction each, as the lanes of a service make them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from shared.batch import Applied
from shared.postgres.commit import StoreCommit


async def commit_by_county(commit: StoreCommit[Any], events: Sequence[Any]) -> Applied:
    """Commit the events of each county in a transaction of its own."""
    by_county: dict[str, list[Any]] = defaultdict(list)
    for event in events:
        by_county[event.county].append(event)
    return sum([await commit(part, []) for part in by_county.values()], Applied(0))
