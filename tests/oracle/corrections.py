"""What a person answers, and how a later revision of an event differs from the one before."""

from tests.oracle import material
from tests.oracle.fields import PEI, PEI_VALUES, THL

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
    """A correction: moves a state to another unit, channel, day, client, invitation, content."""
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


def changed(stream, county, name, state):
    r = stream.r
    makers = {
        "unit": lambda: stream.unit(county),
        "channel": lambda: r.choice(material.CHANNELS[:5]) if "line" not in state else "chat",
        "invited_at": stream.when,
        "answered_at": stream.when,
        "given_at": stream.when,
        "delivered": lambda: not state["delivered"],
        "answers": lambda: answers(stream),
        "client": lambda: r.choice(stream.people),
        "invitation_id": lambda: r.choice(stream.invitations)[1],
        "respondent": lambda: r.choice(["client", "relative"]),
        "kind": lambda: r.choice(["thanks", "complaint", "idea", "question"]),
        "themes": lambda: r.choices(stream.themes, k=r.randint(0, 2)),
        "comment": lambda: r.choice(material.SAID_COMMENTS),
        "wants_reply": lambda: not state["wants_reply"],
    }
    return {name: makers[name]()} if name in makers else {}
