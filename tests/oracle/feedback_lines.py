"""Invitations, responses and direct feedback, with times at every boundary."""

from datetime import timedelta

from tests.oracle import material
from tests.oracle.corrections import answers, changer


def survey(stream):
    """An invitation, sometimes missing or of another county, and some responses to it."""
    r = stream.r
    county, identity, invited_at = r.choice(stream.counties), stream.fresh("inv"), stream.when()
    if stream.invitations and r.random() < 0.15:
        identity = r.choice(stream.invitations)[1]
    stream.invitations.append((county, identity, invited_at))
    if r.random() < 0.85:
        first = stream.maybe_client(
            {
                "unit": stream.unit(county),
                "channel": r.choice(material.CHANNELS),
                "invited_at": invited_at,
                "delivered": r.random() < 0.85,
            }
        )
        stream.history(county, "fi.hva.feedback.invited.v1", "invitation", identity, first, changer(stream, county))
    for _ in range(r.choice([0, 1, 1, 2])):
        response(stream, county, identity, invited_at)


def response(stream, county, invitation, invited_at):
    r = stream.r
    county = r.choice(stream.counties) if r.random() < 0.05 else county
    answered_at = material.fortnight_or_near(r, invited_at) if r.random() < 0.8 else stream.when()
    first = {
        "unit": stream.unit(county),
        "channel": r.choice(material.CHANNELS),
        "answered_at": answered_at,
        "answers": answers(stream),
    }
    if r.random() < 0.8:
        first["invitation_id"] = invitation
    if r.random() < 0.3:
        first["served_at"] = answered_at - r.choice([timedelta(0), timedelta(days=1), timedelta(days=30)])
    first |= comment_fields(stream)
    for name, values in (
        ("respondent", ["client", "client", "relative", "professional"]),
        ("age_group", ["7-12", "13-17", "18+"]),
        ("language", ["fi", "sv", "en", "se", "sms", "smn", "other", None]),
        ("question_set", ["perus-2026", "lapset"]),
    ):
        if r.random() < 0.4:
            first[name] = r.choice(values)
    change = changer(stream, county)
    stream.history(
        county,
        "fi.hva.feedback.answered.v1",
        "response",
        stream.fresh("res"),
        stream.maybe_client(first, 0.4),
        change,
    )


def comment_fields(stream):
    r = stream.r
    comment = r.choice(material.BLANK_COMMENTS + material.NON_BLANK_COMMENTS)
    return r.choice(
        [
            {},
            {"has_comment": r.random() < 0.5},
            {"comment": comment},
            {"comment": comment, "has_comment": False},
        ]
    )


def direct(stream):
    r = stream.r
    county, given_at = r.choice(stream.counties), stream.when()
    first = {
        "unit": stream.unit(county),
        "channel": r.choice(material.CHANNELS),
        "given_at": given_at,
        "kind": r.choice(["thanks", "complaint", "idea", "question"]),
    }
    if r.random() < 0.6:
        first["themes"] = r.choices([*stream.themes, "outo teema", "sähköinen"], k=r.randint(0, 3))
    if r.random() < 0.7:
        first["comment"] = material.theme_comment(r, stream.stems)
    if r.random() < 0.7:
        first["wants_reply"] = r.random() < 0.8
    if r.random() < 0.7:
        first["replied_at"] = material.due_or_near(r, stream.registers, county, given_at)
    stream.history(
        county,
        "fi.hva.feedback.given.v1",
        "feedback",
        stream.fresh("fee"),
        stream.maybe_client(first),
        changer(stream, county),
    )
