"""The verdict on each line of the sample set is the one worked out by hand from docs/events.md."""

import csv
import gzip
import json
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from services.ingest.themes import Themes
from services.ingest.validate import Accepted, Context, validate
from shared.contracts.event import decode_event
from shared.contracts.event_types import EVENT_TYPES
from shared.contracts.route import is_blank, stream_of
from shared.contracts.schemas.build import event_schema
from shared.pseudonym import Keyring
from tests.unit.ingest_cases import KEY

SAMPLE = Path(__file__).parents[1] / "data" / "sample"


@pytest.fixture(scope="module")
def verdicts():
    units = defaultdict(set)
    with (SAMPLE / "config" / "units.csv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            units[row["county"]].add(row["unit"])
    with (SAMPLE / "config" / "themes.csv").open(encoding="utf-8") as rows:
        themes = [(row["theme"], row["stem"]) for row in csv.DictReader(rows)]
    context = Context(
        units={county: frozenset(names) for county, names in units.items()},
        sources=None,
        themes=Themes(themes),
        keyring=Keyring((KEY,)),
        now=datetime(2026, 11, 22, tzinfo=UTC),
    )
    lines = gzip.decompress((SAMPLE / "events.jsonl.gz").read_bytes()).split(b"\n")
    return [
        (number, line, validate(line, (), stream_of(line), context))
        for number, line in enumerate(lines, 1)
        if not is_blank(line)
    ]


def test_every_verdict_is_the_expected_one(verdicts):
    expected = json.loads(gzip.decompress((SAMPLE / "figures.json.gz").read_bytes()))["rejected"]
    rejected = {number: v.reason.value for number, _, v in verdicts if not isinstance(v, Accepted)}
    assert rejected == {item["line"]: item["reason"] for item in expected}


def test_accepted_events_can_be_decoded_and_contain_no_identifier(verdicts):
    schemas = {name: Draft202012Validator(event_schema(kind)) for name, kind in EVENT_TYPES.items()}
    for _, line, verdict in verdicts:
        if isinstance(verdict, Accepted):
            data = json.loads(line)["data"]
            assert decode_event(verdict.value).type == verdict.type
            schemas[verdict.type].validate(json.loads(line))
            for name in ("client", "from", "into"):
                for secret in ("hetu", "local_id"):
                    if (data.get(name) or {}).get(secret):
                        assert data[name][secret].strip().encode() not in verdict.value
