"""The oracle against the sample set: every verdict, every number of facts and every row match exactly."""

import gzip
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from tests.oracle import (
    KEYS,
    Accepted,
    Care,
    Rejected,
    current,
    differences,
    fcr_views,
    judge_all,
    load,
    views,
)

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
AS_OF = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def expected():
    everything = orjson.loads(gzip.decompress((SAMPLE / "figures.json.gz").read_bytes()))
    family = {view: everything["figures"][view] for view in KEYS}
    return {"figures": family, "facts": everything["facts"], "rejected": everything["rejected"]}


@pytest.fixture(scope="module")
def registers():
    return load(SAMPLE / "config")


@pytest.fixture(scope="module")
def verdicts(registers):
    lines = gzip.decompress((SAMPLE / "events.jsonl.gz").read_bytes()).split(b"\n")
    return judge_all(lines, registers, AS_OF)


@pytest.fixture(scope="module")
def facts(verdicts):
    return current((v for _, v in verdicts if isinstance(v, Accepted)), erasures=True)


def test_rejected_lines_and_reasons_match(verdicts, expected):
    rejected = [{"line": n, "reason": v.reason} for n, v in verdicts if isinstance(v, Rejected)]
    assert rejected == sorted(expected["rejected"], key=lambda item: item["line"])


def test_number_of_winning_facts_per_kind_matches(facts, expected):
    kinds = Counter(kind for _, kind, _ in facts.live)
    assert dict(kinds) == expected["facts"]


@pytest.fixture(scope="module")
def found(facts, registers):
    care = Care(facts, registers)
    label = care.membership.label
    families = views(facts, registers, AS_OF, label), fcr_views(facts, registers, AS_OF, label), care.views(AS_OF)
    return {view: rows for family in families for view, rows in family.items()}


def test_every_row_of_every_view_matches(found, expected):
    for view, keys in KEYS.items():
        assert expected["figures"][view]
        assert differences(expected["figures"][view], found[view], keys) == [], view
