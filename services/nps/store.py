"""All SQL of the NPS family: facts, what follows between them, and their buckets.

Every function runs inside the batch's transaction with the county's lock held, so what it reads cannot change
before it writes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from services.nps.derive import derive, version
from services.nps.domain import Feedback, FeedbackFact, Invitation, Response, bare, contributions
from shared.batch import Applied
from shared.deltas import Deltas
from shared.labels import label
from shared.person import PersonEvent
from shared.postgres.buckets import add_to_buckets
from shared.postgres.erased import bare_if_erased, newly_erased, strip
from shared.postgres.facts import Change, FactTable, probes
from shared.postgres.lock import Connection
from shared.postgres.refold import Refold, admit_units
from shared.registers import Registers

SCHEMA: Final = "nps"

_COMMON: Final = {
    "id": "text",
    "rank": "bytea",
    "retracted": "boolean",
    "unit": "text",
    "unit_row": "bigint",
    "channel": "text",
    "day": "date",
    "label_day": "date",
    "own_client": "text",
    "segment": "text",
}
INVITATIONS: Final = FactTable(
    "nps.invitation",
    Invitation,
    {**_COMMON, "invited_at": "timestamptz", "delivered": "boolean", "answered": "boolean"},
    derived=("unit_row", "segment", "answered"),
)
RESPONSES: Final = FactTable(
    "nps.response",
    Response,
    {
        **_COMMON,
        "answered_at": "timestamptz",
        "invitation_id": "text",
        "client": "text",
        "counts": "boolean",
        "has_comment": "boolean",
        "answers": "jsonb",
    },
    derived=("unit_row", "segment", "client"),
)
FEEDBACK: Final = FactTable(
    "nps.feedback",
    Feedback,
    {
        **_COMMON,
        "given_at": "timestamptz",
        "kind": "text",
        "themes": "jsonb",
        "wants_reply": "boolean",
        "replied_at": "timestamptz",
        "in_time": "boolean",
    },
    derived=("unit_row", "segment", "in_time"),
)

F = TypeVar("F", Invitation, Response, Feedback)

# Invitations whose `answered` is not what their responses say. A retracted response names no invitation.
_WRONGLY_ANSWERED: Final = """
not fact.retracted and fact.answered <> exists (
  select from nps.response r
  where r.county = fact.county and r.invitation_id = fact.id
    and r.answered_at < fact.invited_at + interval '336 hours')
"""
_HEIR: Final = "fact.own_client is null and not fact.retracted"
_CLIENTS: Final = f"select fact.id, fact.own_client {probes('nps.invitation', 'id')}"


async def apply(connection: Connection, county: str, facts: Sequence[FeedbackFact], registers: Registers) -> Applied:
    """Write the facts of one county, which were derived by these registers, and everything that follows."""
    await REFOLD.admit(connection, county, registers)
    await admit_units(connection, registers, facts)
    facts = await bare_if_erased(connection, SCHEMA, county, facts, bare)
    invitations = await INVITATIONS.upsert(connection, county, _only(Invitation, facts))
    responses = await RESPONSES.upsert(
        connection, county, await _with_clients(connection, county, _only(Response, facts))
    )
    feedback = await FEEDBACK.upsert(connection, county, _only(Feedback, facts))
    await _settle(connection, county, invitations.changes, responses.changes, feedback.changes)
    upserted = (invitations, responses, feedback)
    return Applied(sum(len(u.changes) for u in upserted), sum(u.conflicts for u in upserted))


async def apply_erasures(connection: Connection, county: str, events: Sequence[PersonEvent]) -> Applied:
    """Take the facts of erased clients away for ever, those of the past here and those of the future by `apply`."""
    erased = await newly_erased(connection, SCHEMA, county, events)
    if not erased:
        return Applied(0)
    invitations = await strip(connection, county, INVITATIONS, erased, bare)
    responses = await strip(connection, county, RESPONSES, erased, bare)
    feedback = await strip(connection, county, FEEDBACK, erased, bare)
    await _settle(connection, county, invitations, responses, feedback)
    return Applied(len(erased))


async def _settle(
    connection: Connection,
    county: str,
    invitations: Sequence[Change[Invitation]],
    responses: Sequence[Change[Response]],
    feedback: Sequence[Change[Feedback]],
) -> None:
    """Let neighbours follow the changes, and fold it all into the buckets."""
    answered = await _follow_answered(connection, county, invitations, responses)
    heirs = await _follow_clients(connection, county, invitations)
    await fold(connection, county, (*invitations, *responses, *feedback, *answered, *heirs))


async def fold(connection: Connection, county: str, changes: Iterable[Change[Any]]) -> None:
    """Add to the buckets what the changed facts count now, less what they counted before."""
    deltas = Deltas()
    for old, new in changes:
        if old is not None:
            deltas.add(contributions(old), -1)
        deltas.add(contributions(new))
    await add_to_buckets(connection, SCHEMA, county, deltas)


REFOLD: Final = Refold(SCHEMA, (INVITATIONS, RESPONSES, FEEDBACK), derive, fold, version)


def _only(kind: type[F], facts: Sequence[FeedbackFact]) -> list[F]:
    return [fact for fact in facts if isinstance(fact, kind)]


async def _with_clients(connection: Connection, county: str, responses: Sequence[Response]) -> list[Response]:
    """Responses without a client of their own take that of their invitation, when it is known already."""
    heirs = {r.invitation_id for r in responses if r.own_client is None and r.invitation_id is not None}
    if not heirs:
        return list(responses)
    clients = {row["id"]: row["own_client"] for row in await connection.fetch(_CLIENTS, county, list(heirs))}
    return [inherit(response, clients) for response in responses]


def inherit(response: Response, clients: dict[str, str | None]) -> Response:
    """The response with the client of its invitation where it has none of its own, and the label of that."""
    client = response.own_client or clients.get(response.invitation_id or "")
    return response if client == response.client else replace(response, client=client, segment=label(client))


async def _follow_answered(
    connection: Connection,
    county: str,
    invitations: Sequence[Change[Invitation]],
    responses: Sequence[Change[Response]],
) -> list[Change[Invitation]]:
    """Invitations that became answered or unanswered: their own time or their responses changed."""
    touched = {c.new.id for c in invitations} | {
        fact.invitation_id for change in responses for fact in change if fact and fact.invitation_id
    }
    if not touched:
        return []
    wrong = await INVITATIONS.probe(connection, county, "id", touched, _WRONGLY_ANSWERED)
    changes = [Change(old, replace(old, answered=not old.answered)) for old in wrong]
    await INVITATIONS.revise(connection, county, [c.new for c in changes])
    return changes


async def _follow_clients(
    connection: Connection, county: str, invitations: Sequence[Change[Invitation]]
) -> list[Change[Response]]:
    """Responses whose inherited client changed with their invitation."""
    clients = {c.new.id: c.new.own_client for c in invitations}
    if not clients:
        return []
    heirs = await RESPONSES.probe(connection, county, "invitation_id", clients, _HEIR)
    changes = [Change(old, new) for old in heirs if (new := inherit(old, clients)) is not old]
    await RESPONSES.revise(connection, county, [c.new for c in changes])
    return changes
