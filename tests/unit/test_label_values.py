"""Legends of *Operations* have words for every value of the labels that have a closed set of values."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.exporter import postgres
from deploy.grafana.__main__ import FOLDER
from deploy.grafana.label_values import OUTCOMES, STATES, STEPS, TRANSACTIONS
from deploy.grafana.texts import load
from deploy.report import LANGUAGES

ROOT = Path(__file__).parents[2]
# `state` of pg_stat_activity in the manual of PostgreSQL 18.
POSTGRES_STATES = {
    "starting",
    "active",
    "idle",
    "idle in transaction",
    "idle in transaction (aborted)",
    "fastpath function call",
    "disabled",
}
LEGENDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "Records by outcome": ("nps", OUTCOMES),
    "Batch steps": ("nps", STEPS),
    "Transactions": ("", TRANSACTIONS),
    "Connections": ("hva_nps", STATES),
}


def in_sources(pattern: str) -> set[str]:
    """What a pattern finds in the sources of the services."""
    files = [path for folder in ("shared", "services") for path in (ROOT / folder).rglob("*.py")]
    return {value for path in files for value in re.findall(pattern, path.read_text(encoding="utf-8"))}


def test_every_value_has_words() -> None:
    assert OUTCOMES.keys() == in_sources(r'metrics\.count\(\S+, "(\w+)"')
    assert STEPS.keys() == in_sources(r'(?:_observe|metrics\.step)\("(\w+)"')
    assert STATES.keys() == POSTGRES_STATES | {"unknown"}
    assert "coalesce(state, 'unknown')" in Path(postgres.__file__).read_text(encoding="utf-8")


def test_every_outcome_of_transactions_has_words() -> None:
    database = {"bytes": 1, "max_connections": 1, "committed": 1, "rolled_back": 1, "deadlocks": 0}
    snapshot: Any = postgres.PostgresSnapshot([], database)  # type: ignore[arg-type]
    (family,) = [each for each in postgres.metric_families(snapshot) if each.name == "hva_postgres_transactions"]
    assert TRANSACTIONS.keys() == {sample.labels["outcome"] for sample in family.samples}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("title", LEGENDS)
def test_legend_shows_the_words(language: str, title: str) -> None:
    """The transformations, one after another as Grafana applies them, replace each value and leave its words."""
    boards = [json.loads((FOLDER / each / "operations.json").read_text(encoding="utf-8")) for each in ("en", language)]
    english, chosen = (board["panels"] for board in boards)
    (place,) = [panel["gridPos"] for panel in english if panel["title"] == title]
    (panel,) = [panel for panel in chosen if panel["gridPos"] == place]
    prefix, words = LEGENDS[title]
    for value, name in words.items():
        found = f"{prefix} {value}".strip()
        for each in panel["transformations"]:
            assert each["id"] == "renameByRegex"
            regex, pattern = each["options"]["regex"], each["options"]["renamePattern"]
            found = re.sub(regex.strip("/"), pattern.replace("$1", r"\1"), found)
        texts: Mapping[str, Mapping[str, str]] = {**load("shared"), **load("operations")}
        assert found == f"{prefix} {texts[name][language]}".strip()
