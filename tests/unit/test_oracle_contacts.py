"""The adversarial streams contain every edge case of first contact in docs/figures.md, with an effect."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest

from tests.oracle import FCR_KEYS, Accepted, adversarial, current, differences, fcr_views, judge_all, load
from tests.oracle.contact_times import DST_NIGHTS, WAITS
from tests.oracle.facts import winners
from tests.oracle.fcr_contacts import ANSWERING, DAY, counted_contacts
from tests.oracle.fcr_links import WINDOWS, Links, grouped, repeats
from tests.oracle.nps import unknown_or_other
from tests.oracle.registers import LOCAL, local_date, midnight

CONFIG = Path(__file__).parents[1] / "data" / "sample" / "config"
NOW = datetime(2026, 7, 1, tzinfo=UTC)
TICK, SECOND, NONE = timedelta(microseconds=1), timedelta(seconds=1), timedelta(0)
DISTANCES = {-SECOND: "-1s", -TICK: "-tick", NONE: "on", TICK: "+tick", SECOND: "+1s"}


@pytest.fixture(scope="module")
def registers():
    return load(CONFIG)


@pytest.fixture(scope="module")
def lines():
    return adversarial(16, 6500, CONFIG, NOW)


@pytest.fixture(scope="module")
def accepted(lines, registers):
    return [v for _, v in judge_all(lines, registers, NOW) if isinstance(v, Accepted)]


@pytest.fixture(scope="module")
def facts(accepted):
    return current(accepted, erasures=True)


@pytest.fixture(scope="module")
def contacts(facts, registers):
    return counted_contacts(facts, registers, unknown_or_other)


@pytest.fixture(scope="module")
def figures(facts, registers):
    return fcr_views(facts, registers, NOW)


def too_rare(found, names, least=3):
    """Return the expected names that occur fewer than `least` times, with their counts."""
    return {name: found[name] for name in names if found[name] < least}


def test_streams_contain_enough_feedback_and_contacts(lines):
    feedback, contact = (sum(part in line for line in lines) / len(lines) for part in (b".feedback.", b".contact."))
    assert feedback > 0.42 and contact > 0.33


def test_repeats_occur_on_every_window_edge_and_matter(contacts):
    found, links = Counter(), Links(contacts)
    for group in grouped(contacts, lambda c: c.link_key):
        found["largest group"] = max(found["largest group"], len(group))
        for c, r in permutations(group, 2):
            if not c.handled or r.position <= c.position:
                continue
            found["planned"] += r.planned and c not in links.repeated[30]
            found["abandoned"] += r.data["abandoned"] and r in links.repeating[1]
            found["by " + r.channel] += not r.planned and c in links.repeated[1]
            for days in WINDOWS:
                distance = r.started_at - c.end - days * DAY
                if distance == NONE and not r.planned:
                    found[days, "on"] += sum(repeats(other, c, days) for other in group) == 1
                elif distance in DISTANCES and not r.planned:
                    found[days, DISTANCES[distance]] += distance < NONE or c not in links.repeated[days]
                found["clocks changed"] += (distance <= NONE) != (
                    wall_clock_difference(c.end, r.started_at) <= days * DAY
                )
    assert too_rare(found, [(days, name) for days in WINDOWS for name in DISTANCES.values()], 2) == {}
    channels = ["by " + name for name in ("phone", "chat", "sms", "digital_booking", "other")]
    assert too_rare(found, [*channels, "planned", "abandoned", "clocks changed"]) == {}
    assert found["largest group"] >= 40


def wall_clock_difference(since, until):
    since, until = (instant.astimezone(LOCAL).replace(tzinfo=None) for instant in (since, until))
    return until - since


def test_ties_that_only_code_point_order_decides_occur(contacts):
    found = Counter()
    for group in grouped(contacts, lambda c: c.link_key):
        for c, r in permutations(group, 2):
            if c.started_at == r.started_at and r.id > c.id and c.handled and not r.planned:
                found["tie"] += 1
                found["utf-16"] += r.id.encode("utf-16-be") < c.id.encode("utf-16-be")
                found["no case"] += r.id.casefold() < c.id.casefold()
    assert too_rare(found, ["tie", "utf-16", "no case"]) == {}


def test_every_kind_of_end_and_uncounted_contacts_occur(facts, contacts):
    found = Counter()
    for contact in (c for c in contacts if c.handled and c.linkable):
        ended_at = contact.data.get("ended_at")
        found["no end"] += ended_at is None
        if ended_at:
            lasted = ended_at - contact.started_at
            found[lasted if lasted in (DAY, DAY + TICK, NONE) else "before" if lasted < NONE else ""] += 1
            found["days"] += lasted > 2 * DAY
    for event in facts.of("contact"):
        found["outbound"] += event.data["direction"] == "outbound" and "reason" in event.data
        found[event.data.get("excluded")] += 1
    names = ["no end", "before", "days", DAY, DAY + TICK, NONE, "outbound"]
    assert too_rare(found, [*names, "test", "spam"]) == {}


def test_third_contacts_occur_on_both_sides_of_thirty_days(contacts):
    found = Counter()
    for group in grouped([c for c in contacts if c.handled], lambda c: c.person):
        for r in group:
            ages = sorted(r.started_at - c.started_at for c in group if c.started_at <= r.started_at)
            if len(ages) >= 3:
                found[ages[2] - 30 * DAY] += 1
                found["revolving"] += ages[2] < 30 * DAY
    assert too_rare(found, [-TICK, NONE, TICK, "revolving"]) == {}


def test_abandoned_contacts_occur_on_both_sides_of_five_seconds(contacts):
    found = Counter()
    for contact in contacts:
        ended_at = contact.data.get("ended_at")
        if contact.channel in ANSWERING and contact.data["abandoned"]:
            found["handled"] += contact.handled
            if not contact.handled:
                found["no end"] += ended_at is None
                found[ended_at and ended_at - contact.started_at - 5 * SECOND] += 1
    assert too_rare(found, [-TICK, NONE, TICK, "handled", "no end"]) == {}


def test_promises_occur_on_every_edge(contacts, registers):
    found = Counter()
    for contact in (c for c in contacts if c.channel in ANSWERING and not c.early):
        due = registers.due(contact.county, contact.line, contact.channel, contact.started_at)
        own = contact.data.get("promised_by")
        found["none"] += due is None and own is None
        found["both"] += due is not None and own is not None and due != own
        origin, base = ("own", own) if own else ("register", due)
        if base and contact.first_response:
            found[origin, contact.first_response - base] += 1
        elif base:
            found["no response", base - NOW] += 1
    edges = [(origin, shift) for origin in ("own", "register") for shift in (-TICK, NONE, TICK)]
    edges += [("no response", shift) for shift in (-TICK, NONE, TICK)]
    assert too_rare(found, [*edges, "none", "both"]) == {}


def test_waits_and_callbacks_occur_on_every_edge(contacts):
    found = Counter()
    for contact in contacts:
        if contact.first_response:
            waited = contact.first_response - contact.started_at
            found["negative"] += waited < NONE
            found["over a day"] += waited > DAY
            found[waited] += 1
        requested, reached = (contact.data.get(f"callback_{name}_at") for name in ("requested", "reached"))
        if requested and reached:
            found["midnight", reached - midnight(local_date(requested) + timedelta(days=1))] += 1
            found["other date in UTC"] += contact.callback_same_day != (requested.date() == reached.date())
            found["clock change"] += contact.callback_same_day and local_date(requested) in DST_NIGHTS
            found["backwards"] += reached < requested
    names = ["negative", "over a day", "other date in UTC", "clock change", "backwards"]
    names += [("midnight", shift) for shift in (-TICK, NONE, TICK)]
    assert too_rare(found, names) == {}
    assert sum(found[timedelta(seconds=wait)] >= 2 for wait in WAITS) >= 10
    assert sum(found[timedelta(seconds=wait) + TICK] >= 1 for wait in WAITS) >= 8


def test_every_kind_of_outcome_channel_and_transfer_occurs(contacts, registers):
    listed = {(row["outcome"], row["classification"]) for row in registers.outcomes}
    names, found = {outcome for outcome, _ in listed}, Counter()
    for contact in contacts:
        pair = (contact.outcome, contact.data.get("classification", ""))
        found["listed"] += pair in listed
        found["fallback"] += pair not in listed and (contact.outcome, "") in listed
        found["without flags"] += contact.outcome in names and not registers.flags(*pair)
        found["unknown"] += contact.outcome is not None and contact.outcome not in names
        found["classification alone"] += contact.outcome is None and pair[1] != ""
        found["transfers", contact.transfers] += contact.handled
        found[contact.channel] += 1
    names = ["listed", "fallback", "without flags", "unknown", "classification alone"]
    names += [("transfers", number) for number in (0, 1, 2, 5, 3_000_000_000)]
    assert too_rare(found, [*names, "phone", "chat", "sms", "digital_booking", "other"]) == {}


def test_corrections_of_every_field_occur(accepted, facts):
    states, found, best = defaultdict(list), Counter(), winners(accepted)
    for event in accepted:
        if event.kind in ("contact", "hyte"):
            states[event.key].append(event)
    for key, events in states.items():
        last, others = best[key], [e for e in events if e.order < best[key].order]
        found[key[1], "retracted"] += last.retracted and any(not e.retracted for e in others)
        found[key[1], "returned"] += not last.retracted and any(e.retracted for e in others)
        for name in ("client", "line", "reason", "unit", "channel", "outcome", "started_at", "counted_on", "count"):
            found[name] += any(not e.retracted and e.data.get(name) != last.data.get(name) for e in others)
    for event in facts.of("hyte"):
        found["zero"] += event.data["count"] == 0
    names = ["client", "line", "reason", "unit", "channel", "outcome", "started_at", "counted_on", "count", "zero"]
    names += [(kind, what) for kind in ("contact", "hyte") for what in ("retracted", "returned")]
    assert too_rare(found, names) == {}


def test_merges_and_erasures_change_figures(accepted, registers, facts, contacts, figures):
    without_merges = current(accepted, erasures=True, merges=False)
    figures_without_merges = fcr_views(without_merges, registers, NOW)
    for view in ("fcr_confirmed", "fcr_client", "revolving"):
        assert differences(figures[view], figures_without_merges[view], FCR_KEYS[view]), view
    assert len(current(accepted).of("contact")) > len(facts.of("contact"))
    clients = {c.person for c in counted_contacts(without_merges, registers, unknown_or_other)}
    assert len({c.person for c in contacts}) < len(clients)


def test_states_of_every_window_occur(figures):
    for view, rows in figures.items():
        assert {row["state"] for row in rows} == {"final", "provisional"}, view
    of_may = {(row["window_days"], row["state"]) for row in figures["fcr_confirmed"] if row["period"] == "2026-05"}
    assert of_may == {(1, "final"), (7, "final"), (30, "provisional")}
