"""Answers to questions, and changes from one revision of an event to the next."""

from datetime import timedelta

from tests.oracle import material
from tests.oracle.fields import PEI, PEI_VALUES, THL
from tests.oracle.registers import local_date

QUESTIONS = [
    "recommend",
    "recommend",
    "useful",
    "easy_contact",
    "cooperation",
    *THL,
    *PEI,
    "oma_kysymys",
    'kysymys "ä" 1',
]
KINDS = ["thanks", "complaint", "idea", "question"]
SHIFTS = [timedelta(days=1), timedelta(days=-1), material.TICK, -material.TICK]
# Fields that a correction sets or, with None, removes.
CONTACT_CHANGES = [
    {"reason": None},
    {"reason": "kipu"},
    {"outcome": None},
    {"outcome": "hoidettu"},
    {"answered_at": None, "callback_reached_at": None},
    {"ended_at": None},
    {"promised_by": None},
    {"planned": True},
    {"planned": None},
    {"direction": "outbound"},
    {"direction": None},
    {"excluded": "spam"},
    {"excluded": None},
]


def answers(stream):
    names = list(dict.fromkeys(stream.r.choices(QUESTIONS, k=stream.r.randint(0, 6))))
    return [{"question": name, "value": answer(stream, name)} for name in names]


def answer(stream, question):
    if question in PEI:
        return stream.r.choice(PEI_VALUES)
    if question == "recommend":
        return stream.r.choice([0, 6, 7, 8, 9, 10, stream.r.randint(0, 10)])
    return stream.r.randint(0 if question in THL else 1, 5)


def changer(stream, county):
    """A correction that changes the unit, channel, day, client, invitation or content of a state."""
    r = stream.r

    def change(state):
        state = dict(state)
        for name in r.sample(sorted(state), k=min(len(state), r.randint(1, 3))):
            state |= changed(stream, county, name, state)
        if "client" in state and r.random() < 0.25:
            del state["client"]
        elif r.random() < 0.25:
            state = stream.maybe_client(state, 1)
        return state

    return change


def contact_changer(stream, county, first, back):
    """A correction of a contact that also adds and removes fields; a share `back` of them restores the first state."""
    r, change = stream.r, changer(stream, county)

    def contact_change(state):
        if r.random() < back:
            return dict(first)
        state = change(state)
        if r.random() < 0.4:
            state |= r.choice(CONTACT_CHANGES)
        return {name: value for name, value in state.items() if value is not None}

    return contact_change


def changed(stream, county, name, state):
    r = stream.r
    makers = {
        "unit": lambda: stream.unit(county),
        "channel": lambda: r.choice(material.CHANNELS[:5] if "line" not in state else material.CONTACT_CHANNELS),
        "invited_at": stream.when,
        "answered_at": stream.when,
        "given_at": stream.when,
        "delivered": lambda: not state["delivered"],
        "answers": lambda: answers(stream),
        "client": lambda: r.choice(stream.people),
        "invitation_id": lambda: r.choice(stream.invitations)[1],
        "respondent": lambda: r.choice(["client", "relative"]),
        "kind": lambda: r.choice(KINDS if "counted_on" not in state else material.HYTE_KINDS),
        "themes": lambda: r.choices(stream.themes, k=r.randint(0, 2)),
        "comment": lambda: r.choice(material.NON_BLANK_COMMENTS),
        "wants_reply": lambda: not state["wants_reply"],
        "started_at": lambda: r.choice([stream.when(), *(state["started_at"] + shift for shift in SHIFTS)]),
        "line": lambda: r.choice(material.LINES),
        "reason": lambda: r.choice(material.REASONS),
        "outcome": lambda: r.choice(["hoidettu", "siirretty", "hyte-ohjattu", "outo"]),
        "classification": lambda: r.choice(["2025", "2026", "1999"]),
        "transfers": lambda: r.choice([0, 1, 2, 5]),
        "abandoned": lambda: not state["abandoned"],
        "counted_on": lambda: local_date(stream.when()).isoformat(),
        "count": lambda: r.choice([0, state["count"] + 1]),
    }
    return {name: makers[name]()} if name in makers else {}
