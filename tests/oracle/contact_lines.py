"""Contacts of few clients, so that many share a link key and repeat; and hyte counts."""

from datetime import timedelta

from tests.oracle import material
from tests.oracle.contact_times import (
    DAY,
    NEAR,
    SECOND,
    TICKS,
    WINDOWS,
    before_clocks_change,
    end_of,
    following,
    progress,
    promise,
    start,
)
from tests.oracle.corrections import changer, contact_changer
from tests.oracle.material import CONTACT_CHANNELS, HYTE_KINDS, LINES, REASONS
from tests.oracle.registers import local_date

CONTACT, HYTE = "fi.hva.contact.recorded.v1", "fi.hva.hyte.counted.v1"
MAX_CROWD = 75


def pair(stream):
    """Two contacts with one link key, the second at an edge of a window after the end of the first."""
    r, county, days = stream.r, stream.r.choice(stream.counties), stream.r.choice(WINDOWS)
    key = {"line": r.choice(LINES), "reason": r.choice(REASONS), "client": r.choice(stream.people)}
    started_at = start(stream) if r.random() < 0.6 else before_clocks_change(r, days)
    first = contact(stream, county, started_at, key | {"channel": r.choice(["phone", "phone", "chat", "chat", "sms"])})
    first |= {"answered_at": started_at + timedelta(seconds=r.randint(0, 99)), "abandoned": False}
    if r.random() < 0.3:
        first["ended_at"] = started_at + r.choice([-DAY, -SECOND, DAY, DAY + SECOND, 3 * DAY])
    tie = r.random() < 0.25
    second = contact(stream, county, started_at if tie else end_of(first) + days * DAY + r.choice(NEAR), key)
    if r.random() < 0.3:
        second |= near_miss(stream, county, key)
    # By code point B comes before a, and U+FFFF before U+1F600; other collations reverse them.
    prefixes = r.sample(r.choice([["a", "B"], ["\uffff", "\U0001f600"]]), 2)
    for state, prefix in zip((first, second), prefixes, strict=True):
        record(stream, county, state, 0.8, prefix)


def near_miss(stream, county, key):
    """Fields that prevent a contact from repeating another, or only seem to."""
    r = stream.r
    if r.random() < 0.35:
        return {"client": merged_client(stream, county, key["client"])}
    twin = {"e\u0301": "\u00e9", "\u00e9": "e\u0301"}.get(key["reason"], "aika")
    return r.choice([{"planned": True}, {"direction": "outbound"}, {"excluded": "test"}, {"reason": twin}])


def merged_client(stream, county, client):
    """Write a merge with another client; returns that client."""
    other = stream.r.choice(stream.people)
    first, last = stream.r.sample([client, other], 2)
    stream.write(county, "fi.hva.client.merged.v1", {"merge_id": stream.fresh("mer"), "from": first, "into": last})
    return other


def chain(stream):
    """Contacts with one link key, each at an edge of an earlier one; some do not count or have another link key."""
    r = stream.r
    county, client = r.choice(stream.counties), r.choice(stream.people if r.random() < 0.3 else stream.regulars)
    key = {"line": r.choice(LINES), "reason": r.choice(REASONS), "client": client}
    states = []
    for _ in range(r.choice([1, 2, 3, 3, 4, 6])):
        started_at = following(stream, r.choice(states[-3:])) if states else start(stream)
        states.append(with_deviation(stream, contact(stream, county, started_at, key)))
        record(stream, county, states[-1])


def crowd(stream):
    """One link key with so many contacts that only a bounded search for neighbours stays fast."""
    r, county = stream.r, stream.counties[0]
    key = {"line": "terveys", "reason": "kipu", "client": stream.people[0]}
    started_at = start(stream)
    for _ in range(min(MAX_CROWD, stream.size // 50)):
        state = contact(stream, county, started_at, key)
        record(stream, county, state, 0.8)
        started_at = r.choice([started_at, started_at + timedelta(hours=r.randint(0, 30)), following(stream, state)])


def returning(stream):
    """Three handled contacts of one client, the third about thirty days after the first."""
    r, county = stream.r, stream.r.choice(stream.counties)
    key = {"line": r.choice(LINES), "client": r.choice(stream.people)}
    first = start(stream) if r.random() < 0.6 else before_clocks_change(r, 30)
    last = first + 30 * DAY + r.choice(TICKS)
    for started_at in (first, r.choice([first, last, first + timedelta(days=r.randint(0, 29))]), last):
        state = contact(stream, county, started_at, key | {"channel": r.choice(["phone", "chat", "sms"])})
        state["answered_at"] = started_at + timedelta(seconds=r.randint(0, 99))
        record(stream, county, state, 0.8)


def contact(stream, county, started_at, key):
    """A contact with response times, an outcome, transfers and perhaps its own promise."""
    r = stream.r
    state = {"unit": stream.unit(county), "channel": r.choice(CONTACT_CHANNELS), "started_at": started_at} | key
    state |= progress(stream, county, state) | outcome(stream)
    if r.random() < 0.7:
        state["transfers"] = r.choice([0, 0, 1, 1, 2, 2, 5, 5, 3_000_000_000])
    if r.random() < (0.3 if "answered_at" in state else 0.7):
        state["promised_by"] = promise(stream, county, state)
    return state


def outcome(stream):
    """An outcome listed with or without its classification, with an unlisted classification, unknown, or none."""
    r = stream.r
    row = r.choice(stream.registers.outcomes or [{"outcome": "outo", "classification": ""}])
    listed = {"outcome": row["outcome"]}
    if row["classification"]:
        listed["classification"] = row["classification"]
    return r.choice(
        [
            *[listed] * 5,
            {"outcome": row["outcome"]},
            {"outcome": row["outcome"], "classification": "1999"},
            {"outcome": "outo"} | r.choice([{}, {"classification": "2026"}]),
            {"classification": "2026"},
            {},
        ]
    )


def with_deviation(stream, state):
    """Sometimes give the contact another link key or none, or fields that keep it from counting."""
    r = stream.r
    if r.random() < 0.65:
        return state
    name, value = r.choice(
        [
            ("line", r.choice(LINES)),
            ("reason", r.choice(REASONS)),
            ("reason", None),
            ("client", r.choice(stream.regulars)),
            ("client", None),
            ("direction", "outbound"),
            ("direction", "inbound"),
            ("excluded", r.choice(["test", "spam", "wrong_number", "internal"])),
            ("planned", True),
            ("planned", True),
            ("planned", False),
            ("answered_at", None),
        ]
    )
    state = state | {name: value}
    return {name: value for name, value in state.items() if value is not None}


def record(stream, county, state, back=0.2, prefix=""):
    """Writes the contact with its history. Its id may break a tie of `started_at` differently in another collation."""
    identity = stream.fresh("con")
    if prefix or stream.r.random() < 0.4:
        identity = f"{prefix or stream.r.choice(material.TIED_IDS)}{stream.serial}"
    stream.history(county, CONTACT, "contact", identity, state, contact_changer(stream, county, state, back))


def counts(stream):
    """The hyte work of one day; zero means none."""
    r, county = stream.r, stream.r.choice(stream.counties)
    first = {
        "unit": stream.unit(county),
        "kind": r.choice(HYTE_KINDS),
        "counted_on": local_date(stream.when()).isoformat(),
        "count": r.choice([0, 0, 1, r.randint(0, 9), 3_000_000_000]),
    }
    stream.history(county, HYTE, "hyte", stream.fresh("hyt"), first, changer(stream, county))
