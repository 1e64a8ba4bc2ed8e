"""The log of facts that changed in closed periods: table `<schema>.restated_fact`.

Once a period of a county is closed, writers log every change of a fact that counts, or counted, on one of its days: in
the transaction that changes the buckets, with the cause, the event and the contributions before and after. For other
periods a transaction only reads the closed periods of its county.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, Final, NamedTuple

import orjson

from shared.deltas import Contribution
from shared.postgres.facts import Change
from shared.postgres.lock import Connection


class Cause(StrEnum):
    """Why a fact changed."""

    LATE = "late"
    CORRECTED = "corrected"
    RETRACTED = "retracted"
    MERGED = "merged"
    ERASED = "erased"
    RELABELLED = "relabelled"
    REGISTER = "register"
    RULE = "rule"


class Trigger(NamedTuple):
    """What changed a fact: the cause, and the rank of the event; None if no event did."""

    cause: Cause
    rank: bytes | None = None


Explain = Callable[[Change[Any]], Trigger]


class Explained(NamedTuple):
    """Changes of facts, and what triggered each of them. Only changes in closed periods are explained."""

    changes: Sequence[Change[Any]]
    explain: Explain


class Lasting(NamedTuple):
    """What a fact counts on `[first, until)`; open without `until`."""

    name: str
    first: date
    until: date | None


Contributions = Callable[[Any], Iterable[Contribution]]
Lastings = Callable[[Any], Iterable[Lasting]]

Month = tuple[int, int]
"""Year and month."""

CLOSED: Final = "select first_day, last_day from {schema}.closed_period where county = $1"
_LOG: Final = """
insert into {schema}.restated_fact (county, kind, id, cause, rank, before, after)
select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::bytea[], $6::jsonb[], $7::jsonb[])
"""
_RULE: Final = "select version from reference.segment_rule"


def by_own_event(change: Change[Any]) -> Trigger:
    """The trigger of a change by an event of the fact itself."""
    if change.old is None:
        return Trigger(Cause.LATE, change.new.rank)
    return Trigger(Cause.RETRACTED if change.new.retracted else Cause.CORRECTED, change.new.rank)


def by_registers(_: Change[Any]) -> Trigger:
    """The trigger of a change by the registers."""
    return Trigger(Cause.REGISTER)


def by_history(_: Change[Any]) -> Trigger:
    """The trigger of a new label: the membership history of the client."""
    return Trigger(Cause.RELABELLED)


def by_rule(_: Change[Any]) -> Trigger:
    """The trigger of a new label: the segment rule, or what it takes from the registers."""
    return Trigger(Cause.RULE)


def by_repair(_: Change[Any]) -> Trigger:
    """The trigger of a change by a replay."""
    return Trigger(Cause.CORRECTED)


async def log_restated(
    connection: Connection,
    schema: str,
    county: str,
    closed: Collection[Month],
    contributions: Contributions,
    parts: Sequence[Explained],
    lasting: Lastings = lambda _: (),
) -> None:
    """Log the changes in the months of closed periods. The county's lock must be held.

    `lasting`: what facts count for as long as they are valid, beside their contributions.
    """
    if not closed:
        return
    rows = [row for part in parts for row in _rows(part, closed, contributions, lasting)]
    if rows:
        await connection.execute(_LOG.format(schema=schema), county, *map(list, zip(*rows, strict=True)))


async def log_rule(connection: Connection, schema: str, county: str, measure: str) -> None:
    """Log that the segment rule changed memberships, where a period is closed. The county's lock must be held.

    Memberships of clients without service events in a closed period are in no other line of the log.
    """
    if await closed_months(connection, schema, county):
        version = await connection.fetchval(_RULE)
        always = _to_json((), (Lasting(measure, date.min, None),))
        row = ("segment_rule", version, Cause.RULE.value, None, "[]", always)
        await connection.execute(_LOG.format(schema=schema), county, *([value] for value in row))


async def closed_months(connection: Connection, schema: str, county: str) -> frozenset[Month]:
    """Return the months of the closed periods of a county."""
    return months_of(await connection.fetch(CLOSED.format(schema=schema), county))


def months_of(periods: Iterable[Any]) -> frozenset[Month]:
    """Return the months of periods with their first and last day."""
    months: set[Month] = set()
    for row in periods:
        first, last = (12 * day.year + day.month - 1 for day in (row["first_day"], row["last_day"]))
        months.update((number // 12, number % 12 + 1) for number in range(first, last + 1))
    return frozenset(months)


def _rows(
    part: Explained, months: Collection[Month], contributions: Contributions, lasting: Lastings
) -> Iterable[tuple[Any, ...]]:
    for change in part.changes:
        if not any(fact is not None and _is_closed(fact, months, lasting) for fact in change):
            continue
        before, after = ("[]" if fact is None else _to_json(contributions(fact), lasting(fact)) for fact in change)
        if before != after or _person(change.old) != _person(change.new):
            trigger = part.explain(change)
            new = change.new
            yield kind_of(new), new.id, trigger.cause.value, trigger.rank, before, after


def _is_closed(fact: Any, months: Collection[Month], lasting: Lastings) -> bool:
    day: date | None = getattr(fact, "day", None)
    if day is not None and (day.year, day.month) in months:
        return True
    return any(
        _month(first) <= month <= _month(until or date.max) for _, first, until in lasting(fact) for month in months
    )


def _month(day: date) -> Month:
    return day.year, day.month


def _person(fact: Any) -> int | None:
    """The person, whom figures that count persons depend on, too."""
    person: int | None = getattr(fact, "person", None)
    return person


def _to_json(contributions: Iterable[Contribution], lastings: Iterable[Lasting]) -> str:
    return orjson.dumps(
        [
            *({"measure": name, "day": first, "until": until or "infinity"} for name, first, until in lastings),
            *(
                {
                    "measure": measure.name,
                    "day": dimensions.day,
                    "unit_row": dimensions.unit_row,
                    "channel": dimensions.channel,
                    "segment": dimensions.segment,
                    "codes": codes,
                    "counts": [measure.counts[column] for column in columns],
                    "amount": amount if amount.bit_length() < 64 else str(amount),
                }
                for measure, dimensions, codes, columns, amount in contributions
            ),
        ]
    ).decode()


def kind_of(fact: object) -> str:
    """The kind of a fact: `service_event`."""
    return re.sub("(?<!^)(?=[A-Z])", "_", type(fact).__name__).lower()
