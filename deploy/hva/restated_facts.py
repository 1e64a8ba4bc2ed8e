"""The facts that changed in a closed period since its newest edition, with what they count in one cell."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from deploy.hva.closing import counties_to_close
from deploy.hva.context import VerbError
from shared.contracts.rank import decode_rank
from shared.disclosure.model import VIEWS
from shared.postgres.lock import Connection

# Units are in the register; lines are known from contacts. An edition may have scopes that both have lost since.
_SCOPE_EXISTS: Final = """
select exists (select from reference.unit_scope where county = $1 and scope_level = $3 and scope = $4)
  or $3 = 'line' and exists (select from fcr.access_month where county = $1 and line = $4)
  or exists (
    select from report.edition_row
    where county = $1 and period = $2 and keys ->> 'scope_level' = $3 and keys ->> 'scope' = $4)
"""
_IS_CLOSED: Final = "select exists (select from report.edition where county = $1 and period = $2)"
_CHANGES: Final = """
select r.log_position, r.kind, r.id, r.cause, r.rank, r.at, r.column_name,
       coalesce(sum(r.amount) filter (where r.sign < 0), 0)::bigint as before,
       coalesce(sum(r.amount) filter (where r.sign > 0), 0)::bigint as after
from {schema}.restated($1, $2) r
where r.view = $3
  and ($4 = 'line' and r.line = $5 or $4 = 'county' and r.unit_row is null or exists (
    select from reference.unit_scope s where s.unit_row = r.unit_row and s.scope_level = $4 and s.scope = $5))
  and r.channel = $6 and r.segment = $7
  and not exists (select from unnest($8::text[], $9::text[]) w(key, value) where r.keys ->> w.key <> w.value)
group by r.log_position, r.kind, r.id, r.cause, r.rank, r.at, r.column_name
order by r.log_position, r.id, r.column_name
"""

_OF_CLIENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "fcr_client": ("clients", "clients_not_repeated"),
    "revolving": ("clients", "revolving_clients"),
    "events_per_client": ("segment_clients", "cell_clients", "member_days", "cohort_events", "cohort_clients"),
    "suuntima_stock": ("clients",),
    "common_clients": ("stock", "new"),
}


def not_additive(view: str, wanted: Mapping[str, str]) -> tuple[str, ...]:
    """The counts of a cell that are not sums over facts: a client counts once, and a membership by its days."""
    if view == "common_clients" and wanted.get("kind") != "common_client":
        return ()
    return _OF_CLIENTS.get(view, ())


@dataclass(slots=True)
class RestatedFact:
    """One change of a fact. `before` and `after`: what it counted in each column of the cell that is a sum over facts;
    empty if it concerns only the others (`not_additive`). `event_...` are of the event that caused the change; None if
    no event did. `changed_at` is None if a register changed how the fact counts.
    """

    kind: str
    id: str
    cause: str
    event_id: str | None
    event_source: str | None
    event_time: datetime | None
    changed_at: datetime | None
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)


async def restated_facts(connection: Connection, view: str, wanted: Mapping[str, str]) -> list[RestatedFact]:
    """The changes in a cell since the newest edition of its period, in their order. Raises VerbError if there is no
    edition, county or scope of these names.

    `wanted` has all keys of the view. Changes that leave every column of the cell as it was are left out.
    """
    schema = VIEWS[view].family
    period = wanted["county"], wanted["period"]
    await counties_to_close(connection, wanted["county"])
    if not await connection.fetchval(_IS_CLOSED, *period):
        raise VerbError(f"{wanted['period']} of {wanted['county']} is not closed: `hva close` closes it.")
    scope = wanted["scope_level"], wanted["scope"]
    if not await connection.fetchval(_SCOPE_EXISTS, *period, *scope):
        raise VerbError(f"{wanted['county']} has no scope {wanted['scope']} of level {wanted['scope_level']}.")
    further = {key: wanted.get(key, "all") for key in VIEWS[view].further}
    rows = await connection.fetch(
        _CHANGES.format(schema=schema),
        *period,
        view,
        *scope,
        wanted["channel"],
        wanted["segment"],
        list(further),
        list(further.values()),
    )
    found: dict[tuple[int | None, str], RestatedFact] = {}
    for row in rows:
        fact = found.setdefault((row["log_position"], row["id"]), _fact(row))
        if row["column_name"] is not None and row["before"] != row["after"]:
            fact.before[row["column_name"]], fact.after[row["column_name"]] = row["before"], row["after"]
    uncounted = {(row["log_position"], row["id"]) for row in rows if row["column_name"] is None}
    return [fact for key, fact in found.items() if fact.before or key in uncounted]


def totals(facts: Sequence[RestatedFact]) -> dict[str, int]:
    """The sum of the differences of each column: the change of its exact count."""
    sums: dict[str, int] = defaultdict(int)
    for fact in facts:
        for column, after in fact.after.items():
            sums[column] += after - fact.before[column]
    return dict(sorted(sums.items()))


def _fact(row: Any) -> RestatedFact:
    event = decode_rank(row["rank"]) if row["rank"] is not None else None
    return RestatedFact(
        kind=row["kind"],
        id=row["id"],
        cause=row["cause"],
        event_id=event.id if event else None,
        event_source=event.source if event else None,
        event_time=event.time if event else None,
        changed_at=row["at"],
    )
