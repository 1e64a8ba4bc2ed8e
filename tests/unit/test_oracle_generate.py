"""The adversarial streams are repeatable and contain every difficult case that they promise."""

import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.oracle import (
    KEYS,
    Accepted,
    adversarial,
    conflicts,
    current,
    differences,
    duplicated,
    fcr_views,
    judge_all,
    load,
    shuffled,
    views,
)
from tests.oracle.facts import winners
from tests.oracle.hostile import hostile
from tests.oracle.stream import EventLines
from tests.oracle.verdict import judge

CONFIG = Path(__file__).parents[1] / "data" / "sample" / "config"
NOW = datetime(2026, 7, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.fixture(scope="module")
def registers():
    return load(CONFIG)


@pytest.fixture(scope="module")
def lines():
    return adversarial(11, 4000, CONFIG, NOW)


@pytest.fixture(scope="module")
def accepted(lines, registers):
    return [v for _, v in judge_all(lines, registers, NOW) if isinstance(v, Accepted)]


def test_same_seed_gives_the_same_lines(lines):
    assert adversarial(11, 4000, CONFIG, NOW) == lines
    assert adversarial(12, 400, CONFIG) != adversarial(13, 400, CONFIG)
    assert sorted(shuffled(lines, 1)) == sorted(lines)
    assert not any(b"\n" in line or not line.strip() for line in lines)
    more = duplicated(lines, 1, 0.2)
    assert set(more) == set(lines) and len(more) > len(lines)


def test_hostile_lines_are_rejected_for_their_stated_reason(registers):
    for reason, line in hostile(EventLines(random.Random(5), registers, 300), NOW):
        assert getattr(judge(line, registers, NOW), "reason", None) == reason, line[:500]


def test_every_reason_except_wrong_topic_and_handler_bug_occurs(lines, registers):
    reasons = Counter(getattr(v, "reason", None) for _, v in judge_all(lines, registers, NOW))
    assert reasons.keys() - {None} == {
        *("too_large", "undecodable", "envelope", "unknown_source", "unknown_type"),
        *("personal_id", "schema", "unknown_unit", "future_time"),
    }


def test_equal_orders_mean_equal_facts(accepted):
    """Otherwise the first event to arrive would win, and figures would depend on the order of arrival."""
    contents = defaultdict(set)
    for event in accepted:
        contents[event.key, event.order].add((event.type, repr(sorted(event.data.items()))))
    assert all(len(found) == 1 for found in contents.values())


def test_order_and_duplicates_do_not_change_figures(registers):
    lines = adversarial(12, 800, CONFIG, NOW)
    original, rearranged = (
        current([v for _, v in judge_all(found, registers, NOW) if isinstance(v, Accepted)], erasures=True)
        for found in (lines, duplicated(lines, 3, 0.3))
    )
    for family in (views, fcr_views):
        expected, found = family(original, registers, NOW), family(rearranged, registers, NOW)
        for view, rows in expected.items():
            assert differences(rows, found[view], KEYS[view]) == []


def test_every_part_of_the_order_decides_somewhere(accepted):
    deciding, by_key = Counter(), defaultdict(set)
    for event in accepted:
        by_key[event.key].add(event.order)
    for orders in by_key.values():
        if len(orders) > 1:
            second, first = sorted(orders)[-2:]
            deciding[next(n for n in range(5) if first[n] != second[n])] += 1
            other = max(orders, key=lambda o: (*o[:3], o[3].encode("utf-16-be"), o[4]))
            deciding["utf-16 differs"] += other != first
    assert all(deciding[level] >= 3 for level in (*range(5), "utf-16 differs")), deciding
    assert conflicts(accepted)


def test_answers_and_clients_occur_on_every_edge(accepted):
    facts, found = current(accepted), Counter()
    best = winners(accepted)
    for event in facts.of("response"):
        invitation = facts.get(event.county, "invitation", event.data.get("invitation_id"))
        if invitation:
            late = event.data["answered_at"] - invitation.data["invited_at"] - timedelta(hours=14 * 24)
            found[{-TICK: "before", TICK * 0: "on", TICK: "after"}.get(late, "elsewhere")] += 1
            found["other unit"] += event.data["unit"] != invitation.data["unit"]
        if event.client is None:
            key = (event.county, "invitation", event.data.get("invitation_id"))
            found["inherited"] += facts.client(event) is not None
            found["of a retracted invitation"] += key in best and best[key].retracted
            found["of another county"] += not invitation and any(k[1:] == key[1:] for k in facts.live)
    names = ("before", "on", "after", "other unit", "inherited", "of a retracted invitation", "of another county")
    assert all(found[name] >= 3 for name in names), found


def test_replies_retractions_and_scopes_occur_on_every_edge(accepted, registers):
    facts, found = current(accepted), Counter()
    for event in facts.of("feedback"):
        due, replied = registers.reply_due(event.county, event.data["given_at"]), event.data.get("replied_at")
        if due and replied and event.data["wants_reply"]:
            found[(replied - due) / TICK] += 1
    of_key = defaultdict(list)
    for event in accepted:
        of_key[event.key].append(event)
    for key, best in winners(accepted).items():
        rivals = [e for e in of_key[key] if e.retracted != best.retracted]
        found["retracted" if best.retracted else "returned"] += bool(rivals)
        found["same revision"] += any(e.revision == best.revision for e in rivals)
    for event in (*facts.of("response"), *facts.of("invitation")):
        when = event.data.get("answered_at") or event.data["invited_at"]
        scopes = dict(registers.scopes(event.county, event.data["unit"], when.date()))
        found["no row"] += set(scopes.values()) == {event.county, event.data["unit"], "-"}
        found["empty level"] += list(scopes.values()).count("-") in (1, 2)
    names = (-1.0, 0.0, 1.0, "retracted", "returned", "same revision", "no row", "empty level")
    assert all(found[name] >= 3 for name in names), found


def test_one_id_occurs_in_both_counties_and_several_kinds(accepted):
    where = defaultdict(set)
    for county, kind, identity in current(accepted).live:
        where[identity].add((county, kind))
    assert any(len(found) >= 6 for found in where.values())
