"""All SQL of the NPS family: facts, what they inherit from each other, and their buckets.

Every function runs in the batch's transaction and holds the county's lock, so what it reads cannot change before it
writes.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from services.nps.causes import Following
from services.nps.derive import derive, version
from services.nps.domain import MEASURES, contributions
from services.nps.facts import Feedback, FeedbackFact, Invitation, Response, inherit_client, tombstone, with_label
from services.nps.tables import FEEDBACK, INVITATIONS, RESPONSES, TABLES
from shared.batch import Applied
from shared.contracts.segment import History
from shared.deltas import Deltas
from shared.labels import Intervals
from shared.person import PersonEvent
from shared.postgres.buckets import add_to_buckets
from shared.postgres.erased import by_erasure, newly_erased, tombstone_erased, write_tombstones
from shared.postgres.facts import Change, FactTable, probe_each, probes
from shared.postgres.lock import Connection
from shared.postgres.membership import erased_and_histories, histories, mislabelled_condition, store_newer_histories
from shared.postgres.refold import Refold, ensure_unit_rows
from shared.postgres.replay import Replay
from shared.postgres.restated import Explain, Explained, by_history, by_own_event, log_restated
from shared.registers import Registers

SCHEMA: Final = "nps"

F = TypeVar("F", Invitation, Response, Feedback)

# Invitations whose `answered` does not match their responses. A retracted response names no invitation.
_WRONGLY_ANSWERED: Final = """
not fact.retracted and fact.answered <> exists (
  select from nps.response response
  where response.county = fact.county and response.invitation_id = fact.id
    and response.answered_at < fact.invited_at + interval '336 hours')
"""
_INVITATION: Final = "select ctid, * from nps.invitation where county = $1 and id = wanted.value"
_CORRECT_ANSWERED: Final = f"""
update nps.invitation corrected set answered = not corrected.answered
{probe_each("unnest($2::text[]) wanted(value)", _INVITATION)}
where corrected.ctid = fact.ctid and {_WRONGLY_ANSWERED}
returning {INVITATIONS.names("new")}
"""  # noqa: S608
_WITHOUT_OWN_CLIENT: Final = "fact.own_client is null and not fact.retracted"
_CLIENTS: Final = f"select fact.id, fact.own_client {probes('nps.invitation', 'id')}"


async def apply(connection: Connection, county: str, facts: Sequence[FeedbackFact], registers: Registers) -> Applied:
    """Store facts of one county, derived by these registers, and everything that follows from them."""
    await REFOLD.record_version(connection, county, registers)
    await ensure_unit_rows(connection, registers, facts)
    clients = {fact.own_client for fact in facts}
    erased, known = await erased_and_histories(connection, SCHEMA, county, clients)
    facts = [with_label(fact, known) for fact in tombstone_erased(facts, erased, tombstone)]
    invitations = await INVITATIONS.upsert(connection, county, _only(Invitation, facts))
    with_clients = await _with_invitation_clients(connection, county, _only(Response, facts))
    responses = await RESPONSES.upsert(connection, county, await _label_inherited(connection, county, with_clients))
    feedback = await FEEDBACK.upsert(connection, county, _only(Feedback, facts))
    await propagate_changes(connection, county, invitations.changes, responses.changes, feedback.changes, by_own_event)
    upserted = (invitations, responses, feedback)
    return Applied(sum(len(result.changes) for result in upserted), sum(result.conflicts for result in upserted))


async def apply_persons(connection: Connection, county: str, events: Sequence[PersonEvent]) -> Applied:
    """Turn the stored facts of erased clients into tombstones. `apply` does so with facts that arrive later."""
    erased = await newly_erased(connection, SCHEMA, county, events)
    if not erased:
        return Applied(0)
    invitations = await _strip(connection, county, INVITATIONS, "own_client", erased)
    responses = await _strip(connection, county, RESPONSES, "client", erased)
    feedback = await _strip(connection, county, FEEDBACK, "own_client", erased)
    await propagate_changes(connection, county, invitations, responses, feedback, by_erasure(events))
    return Applied(len(erased))


async def _strip(
    connection: Connection, county: str, table: FactTable[F], column: str, erased: Sequence[str]
) -> list[Change[F]]:
    """Turn the facts of erased clients into tombstones. The indexed `column` may also hold inherited clients: facts
    without an own client stay.
    """
    facts = await table.probe(connection, county, column, erased, "fact.own_client is not null")
    return await write_tombstones(connection, county, table, facts, tombstone)


async def apply_histories(connection: Connection, county: str, events: Sequence[History]) -> Applied:
    """Store the histories newer than the stored ones, and relabel the facts of their clients."""
    changed = await store_newer_histories(connection, SCHEMA, county, events)
    if changed:
        invitations = await _relabel(connection, county, INVITATIONS, "own_client", changed)
        responses = await _relabel(connection, county, RESPONSES, "client", changed)
        feedback = await _relabel(connection, county, FEEDBACK, "own_client", changed)
        await fold(connection, county, Explained((*invitations, *responses, *feedback), by_history))
    return Applied(len(changed))


async def _relabel(
    connection: Connection, county: str, table: FactTable[F], column: str, changed: Mapping[str, Intervals]
) -> list[Change[F]]:
    """Relabel the facts whose `column` holds one of these clients; returns the facts that changed."""
    wrong = await table.probe(connection, county, column, changed, mislabelled_condition(SCHEMA, column, "label_day"))
    changes = [Change(fact, with_label(fact, changed)) for fact in wrong]
    await table.update_derived(connection, county, [change.new for change in changes])
    return changes


async def _label(connection: Connection, county: str, facts: Sequence[F]) -> list[F]:
    """The facts with their labels. Needs the county lock: a label read without it may be outdated when written."""
    known = await histories(connection, SCHEMA, county, {fact.subject for fact in facts})
    return [with_label(fact, known) for fact in facts]


async def _label_inherited(connection: Connection, county: str, responses: Sequence[Response]) -> list[Response]:
    """The responses; those that inherit their client with the label of that client."""
    inherited = {response.client for response in responses if response.own_client is None}
    known = await histories(connection, SCHEMA, county, inherited)
    return [with_label(r, known) if r.own_client is None else r for r in responses]


async def propagate_changes(
    connection: Connection,
    county: str,
    invitations: Sequence[Change[Invitation]],
    responses: Sequence[Change[Response]],
    feedback: Sequence[Change[Feedback]],
    explain: Explain,
) -> None:
    """Update the facts that depend on the changed ones, and fold all changes into the buckets.

    `explain` tells what changed the invitations, responses and feedback.
    """
    answered = await _update_answered(connection, county, invitations, responses)
    inherited = await _update_inherited_clients(connection, county, invitations)
    following = Following(invitations, responses, explain)
    await fold(
        connection,
        county,
        Explained((*invitations, *responses, *feedback), explain),
        Explained(answered, following.of_invitation),
        Explained(inherited, following.of_response),
    )


async def fold(connection: Connection, county: str, *parts: Explained) -> None:
    """Add the deltas of the changes to the buckets, and log the changes in closed periods."""
    deltas = Deltas()
    for changes, _ in parts:
        for old, new in changes:
            if old is not None:
                deltas.add(contributions(old), -1)
            deltas.add(contributions(new))
    closed = await add_to_buckets(connection, SCHEMA, county, deltas)
    await log_restated(connection, SCHEMA, county, closed, contributions, parts)


async def _rederive(
    connection: Connection, county: str, facts: Sequence[FeedbackFact], registers: Registers
) -> Sequence[FeedbackFact]:
    """Recompute everything derived of facts of one table. An unchanged fact is returned as the same object."""
    derived: list[Any] = [derive(fact, registers) for fact in facts]
    if isinstance(derived[0], Response):
        derived = list(await _with_invitation_clients(connection, county, _only(Response, derived)))
    elif isinstance(derived[0], Invitation):
        ids = [fact.id for fact in facts]
        wrong = {fact.id for fact in await INVITATIONS.probe(connection, county, "id", ids, _WRONGLY_ANSWERED)}
        invitations = _only(Invitation, derived)
        derived = [fact._replace(answered=not fact.answered) if fact.id in wrong else fact for fact in invitations]
    recomputed = await _label(connection, county, derived)
    return [old if new == old else new for old, new in zip(facts, recomputed, strict=True)]


REFOLD: Final = Refold(SCHEMA, TABLES, derive, fold, version)
REPLAY: Final = Replay(SCHEMA, TABLES, MEASURES, contributions, _rederive, fold)


def _only(kind: type[F], facts: Sequence[FeedbackFact]) -> list[F]:
    return [fact for fact in facts if isinstance(fact, kind)]


async def _with_invitation_clients(
    connection: Connection, county: str, responses: Sequence[Response]
) -> list[Response]:
    """The responses; those without an own client take the client of their invitation, if it is stored already."""
    invitation_ids = {r.invitation_id for r in responses if r.own_client is None and r.invitation_id is not None}
    if not invitation_ids:
        return list(responses)
    rows = await connection.fetch(_CLIENTS, county, list(invitation_ids))
    clients = {row["id"]: row["own_client"] for row in rows}
    return [inherit_client(response, clients) for response in responses]


async def _update_answered(
    connection: Connection,
    county: str,
    invitations: Sequence[Change[Invitation]],
    responses: Sequence[Change[Response]],
) -> list[Change[Invitation]]:
    """Correct `answered` of invitations after a change of their own time or their responses; returns the changes."""
    affected = {change.new.id for change in invitations} | {
        fact.invitation_id for change in responses for fact in change if fact and fact.invitation_id
    }
    if not affected:
        return []
    corrected = await INVITATIONS.fetch(connection, _CORRECT_ANSWERED, county, sorted(affected))
    return [Change(new._replace(answered=not new.answered), new) for new in corrected]


async def _update_inherited_clients(
    connection: Connection, county: str, invitations: Sequence[Change[Invitation]]
) -> list[Change[Response]]:
    """Update responses that inherit their client from a changed invitation; returns the changes."""
    clients = {change.new.id: change.new.own_client for change in invitations}
    if not clients:
        return []
    inheriting = await RESPONSES.probe(connection, county, "invitation_id", clients, _WITHOUT_OWN_CLIENT)
    with_clients = [inherit_client(response, clients) for response in inheriting]
    updated = await _label(connection, county, with_clients)
    changes = [Change(old, new) for old, new in zip(inheriting, updated, strict=True) if new is not old]
    await RESPONSES.update_derived(connection, county, [change.new for change in changes])
    return changes
