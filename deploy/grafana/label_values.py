"""Words for the values of labels in legends.

Values of other labels stay as they are: topics, groups, roles, counties and kinds of errors are names that operators
search for, in logs and in commands.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from grafana_foundation_sdk.models.dashboard import DataTransformerConfig

from deploy.grafana.texts import Texts

OUTCOMES: Final = {"applied": "applied", "unchanged": "unchanged", "rejected": "rejected"}
"""Outcomes of records; like all of these, texts by the values of a label."""
STEPS: Final = {name: f"step_{name}" for name in ("decode", "lock", "apply", "commit", "publish")}
"""Steps of a batch."""
TRANSACTIONS: Final = {"committed": "committed", "rolled_back": "rolled_back"}
"""Outcomes of transactions of PostgreSQL."""
STATES: Final = {
    "active": "state_active",
    "idle": "state_idle",
    "idle in transaction": "state_in_transaction",
    "idle in transaction (aborted)": "state_aborted",
    "fastpath function call": "state_function",
    "disabled": "state_disabled",
    "starting": "state_starting",
    "unknown": "unknown",
}
"""States of connections: `state` of pg_stat_activity, and that of a process that has none."""


def renamed(text: Texts, words: Mapping[str, str]) -> Iterator[DataTransformerConfig]:
    """What puts words in place of the values at the end of a legend."""
    for value, name in words.items():
        options = {"regex": f"/(^| ){re.escape(value)}$/", "renamePattern": f"$1{text(name)}"}
        yield DataTransformerConfig(id_val="renameByRegex", options=options)
