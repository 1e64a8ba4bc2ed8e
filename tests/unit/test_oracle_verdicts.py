"""Ingest and the oracle, which follows docs/events.md independently, agree on hostile lines and files."""

import random
from collections import Counter
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from services.ingest.check import context_of, verdicts
from services.ingest.validate import Context, validate
from shared.contracts.catalogue import Stream
from shared.contracts.route import stream_of
from shared.registers import load_folder
from tests.oracle import load
from tests.oracle.bases import Bases, dump
from tests.oracle.hostile import files, hostile
from tests.oracle.stream import EventLines
from tests.oracle.verdict import judge, judge_file

CONFIG = Path(__file__).parents[1] / "data" / "sample" / "config"
NOW = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def registers():
    return load(CONFIG)


@pytest.fixture(scope="module")
def context() -> Context:
    made = context_of(load_folder(CONFIG))
    return Context(made.units, made.sources, made.themes, made.keyring, NOW)


def test_hostile_lines_are_rejected_for_their_stated_reason(registers, context):
    for reason, line in hostile(EventLines(random.Random(5), registers, 300), NOW):
        verdict = validate(line, (), stream_of(line), context)
        assert getattr(verdict, "reason", None) == reason, line[:500]
        assert getattr(judge(line, registers, NOW), "reason", None) == reason, line[:500]


def test_all_spellings_of_a_person_give_one_pseudonym(registers, context):
    """Every spelling of the generator is accepted, and gives the same pseudonym as the plain one."""
    stream = EventLines(random.Random(6), registers, 300)
    for spellings in stream.people:
        keys = set()
        for client in spellings:
            verdict = validate(dump(Bases(stream).contact({"client": client})), (), Stream.CONTACT, context)
            keys.add((verdict.county, verdict.key))
        assert len(keys) == len({county for county, _ in keys}), spellings


def test_verdicts_on_files_agree(registers, context):
    for content, reasons in files(EventLines(random.Random(7), registers, 300)):
        tally: Counter[str] = Counter()
        rejected = {found["line"]: found["reason"] for found in verdicts("f", BytesIO(content), context, tally)}
        expected = judge_file(content, registers, NOW)
        assert [getattr(verdict, "reason", None) for _, verdict in expected] == reasons, content[:200]
        assert rejected == {n: verdict.reason for n, verdict in expected if hasattr(verdict, "reason")}
        assert tally["checked"] == len(reasons)
