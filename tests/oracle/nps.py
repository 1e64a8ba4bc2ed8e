"""Every view of the NPS family (docs/figures.md) as rows with all keys and columns, counted naively."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from functools import cache

from tests.oracle.fields import PEI
from tests.oracle.registers import local_date, midnight
from tests.oracle.rows import (
    direct_feedback_row,
    nps_row,
    nps_score,
    pei_row,
    response_rate_row,
    response_row,
    statement_row,
)

CELL_NAMES = ("county", "period_kind", "period", "scope_level", "scope", "channel", "segment")
FORTNIGHT = timedelta(hours=14 * 24)
ROWS = {
    "nps": nps_row,
    "statement": statement_row,
    "pei": pei_row,
    "response": response_row,
    "response_rate": response_rate_row,
    "direct_feedback": direct_feedback_row,
}
FURTHER_KEYS = {"statement": ("question",), "pei": ("question",), "direct_feedback": ("kind", "theme")}


def unknown_or_other(county, client, day):
    """The label when no membership is known."""
    return "unknown" if client is None else "other"


def views(facts, registers, as_of, label=unknown_or_other):
    """View name -> rows. `label(county, client, local date)` gives the segment of a fact."""
    counts = count(facts, registers, label)
    result = {}
    for view, make in ROWS.items():
        names = CELL_NAMES + FURTHER_KEYS.get(view, ())
        result[view] = []
        for key, measures in counts[view].items():
            row = dict(zip(names, key, strict=True)) | make(measures)
            if view == "direct_feedback":
                row["share"] = share_of_feedback(counts[view], key)
            row["state"] = state(key[1], key[2], as_of, 16 if view == "response_rate" else None)
            result[view].append(row)
    return result


def count(facts, registers, label):
    """View -> key of the row -> Counter of its measures."""
    counts = {view: defaultdict(Counter) for view in ROWS}

    def cells_of(event, when, label_at):
        segment = label(event.county, facts.client(event), local_date(label_at))
        return list(cells(registers, event, local_date(when), segment))

    for event in facts.of("response"):
        if event.data["respondent"] == "client":
            when = event.data["answered_at"]
            count_response(counts, event, cells_of(event, when, event.data.get("served_at", when)))
    earliest = first_answers(facts)
    for event in facts.of("invitation"):
        if event.data["channel"] != "device" and event.data["delivered"]:
            when = event.data["invited_at"]
            answer = earliest.get((event.county, event.id))
            answered = answer is not None and answer < when + FORTNIGHT
            tally(counts["response_rate"], cells_of(event, when, when), (), delivered=1, answered=int(answered))
    for event in facts.of("feedback"):
        when = event.data["given_at"]
        count_feedback(counts, event, cells_of(event, when, when), registers)
    return counts


def tally(table, cells_of_fact, extra, **measures):
    for cell in cells_of_fact:
        counter = table[cell + extra]
        for name, amount in measures.items():
            counter[name] += amount


def count_response(counts, event, where):
    commented = int(event.data["has_comment"])
    tally(counts["response"], where, (), responses=1, with_comment=commented)
    for answer in event.data["answers"]:
        question, value = answer["question"], answer["value"]
        if question == "recommend":
            group = "promoters" if value >= 9 else "passives" if value >= 7 else "detractors"
            tally(counts["nps"], where, (), **{group: 1})
        elif question in PEI:
            tally(counts["pei"], where, (question,), **{value: 1})
        else:
            tally(counts["statement"], where, (question,), **{f"c{value}": 1})


def first_answers(facts):
    """(county, invitation id) -> the time of the earliest response to it, of any respondent."""
    earliest = {}
    for event in facts.of("response"):
        key = (event.county, event.data.get("invitation_id"))
        when = event.data["answered_at"]
        earliest[key] = min(when, earliest.get(key, when))
    return earliest


def count_feedback(counts, event, where, registers):
    data = event.data
    replied_at = data.get("replied_at") if data["wants_reply"] else None
    due = registers.reply_due(event.county, data["given_at"])
    in_time = replied_at is not None and due is not None and replied_at <= due
    for kind in ("all", data["kind"]):
        for theme in ("all", *data["themes"]):
            tally(
                counts["direct_feedback"],
                where,
                (kind, theme),
                n=1,
                wants_reply=int(data["wants_reply"]),
                replied=int(replied_at is not None),
                replied_in_time=int(in_time),
            )


def cells(registers, event, day, segment):
    """Every (county, period kind, period, scope level, scope, channel, segment) that the fact counts in."""
    for kind, period in periods(day):
        for level, scope in registers.scopes(event.county, event.data["unit"], day):
            for channel in ("all",) if kind == "day" else ("all", event.data["channel"]):
                for label in ("all",) if kind == "day" else ("all", segment):
                    yield (event.county, kind, period, level, scope, channel, label)


def periods(day):
    quarter = (day.month + 2) // 3
    return [
        ("day", day.isoformat()),
        ("month", day.isoformat()[:7]),
        ("quarter", f"{day.year:04}Q{quarter}"),
        ("year", f"{day.year:04}"),
    ]


@cache
def last_day(kind, period):
    if kind == "day":
        return date.fromisoformat(period)
    year = int(period[:4])
    month = {"month": period[5:], "quarter": str(3 * int(period[-1])), "year": "12"}[kind]
    following = (year + 1, 1) if int(month) == 12 else (year, int(month) + 1)
    return date(*following, 1) - timedelta(days=1)


@cache
def state(kind, period, as_of, wait):
    """`final` when the period has ended, or for a cohort `wait` days after its last day."""
    last = last_day(kind, period)
    if wait is None:
        return "final" if midnight(last + timedelta(days=1)) <= as_of else "provisional"
    return "final" if last + timedelta(days=wait) <= local_date(as_of) else "provisional"


def share_of_feedback(counts, key):
    """The share of a kind in all feedback of the cell, or of a theme in the feedback of the same `kind`."""
    *cell, kind, theme = key
    whole = counts[(*cell, "all" if theme == "all" else kind, "all")]["n"]
    return counts[key]["n"] / whole


def nps_mix(facts, registers, county, scope_level, scope, segment, period_a, period_b, label=unknown_or_other):
    """`figures.nps_mix`: the change of NPS, split into its within-channel and channel-mix parts."""
    counts = count(facts, registers, label)["nps"]
    return mix_of(counts, county, scope_level, scope, segment, period_a, period_b)


def mix_of(counts, county, scope_level, scope, segment, period_a, period_b):
    """The same from the counts of the view `nps`."""

    def by_channel(period):
        return {
            key[5]: measures
            for key, measures in counts.items()
            if key[0] == county and key[2:5] == (period, scope_level, scope) and key[6] == segment
        }

    a, b = by_channel(period_a), by_channel(period_b)
    score_a, score_b = (nps_score(found["all"]) if found else None for found in (a, b))
    names = ("score_a", "score_b", "change", "within", "mix")
    if score_a is None or score_b is None:
        return dict.fromkeys(names)
    within = mix = 0.0
    for channel in sorted((a.keys() | b.keys()) - {"all"}):
        parts = [found.get(channel, Counter()) for found in (a, b)]
        w_a, w_b = (sum(p.values()) / sum(f["all"].values()) for p, f in zip(parts, (a, b), strict=True))
        s_a, s_b = (nps_score(part) for part in parts)
        s_a, s_b = (s_b if s_a is None else s_a), (s_a if s_b is None else s_b)
        within += (w_a + w_b) / 2 * (s_b - s_a)
        mix += (s_a + s_b) / 2 * (w_b - w_a)
    return dict(zip(names, (score_a, score_b, score_b - score_a, within, mix), strict=True))
