"""Writes facts of the care stream, and what follows from them, directly into the tables of the segments family.

Everything is computed from the winning facts of the oracle, without the service and its statements. So a test of the
views tests only the views.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from shared.contracts.rank import encode_rank
from shared.registers import Registers
from tests.oracle import Facts
from tests.oracle.care import Care
from tests.oracle.registers import local_date

KINDS = ("service_event", "flag", "plan", "assignment", "assessment")
TABLES = (*KINDS, "client", "membership", "care_day", "care_month", "suuntima_day", "suuntima_month")
NEVER = date.max  # as asyncpg writes the date infinity
YEAR = timedelta(days=365)
Buckets = defaultdict[str, defaultdict[tuple[tuple[str, Any], ...], Counter[str]]]


async def fill(connection: Any, facts: Facts, care: Care, registers: Registers) -> None:
    """Replace the contents of the tables by these facts."""
    persons = number_persons(facts)
    tables: dict[str, list[dict[str, Any]]] = {table: [] for table in TABLES}
    buckets: Buckets = defaultdict(lambda: defaultdict(Counter))
    for kind in KINDS:
        for event in facts.of(kind):
            fact = fact_row(event, persons[event.county, facts.person(event.client)], registers)
            if kind == "service_event":
                fact["done"] = event.data["status"] == "done"
                fact["segment"] = "multidisciplinary" if care.of_member(event) else "other"
            tables[kind].append(fact)
            count(buckets, kind, fact)
    tables["membership"] = [
        {"county": county, "person": number, "first": first, "until": until}
        for (county, person), number in persons.items()
        for first, until in intervals(care, county, person)
    ]
    for name, counts in buckets.items():
        tables[name] = [dict(key) | amounts for key, amounts in counts.items()]
    for table, rows in tables.items():
        await connection.execute(f"delete from segments.{table}")
        if rows:
            names = list(rows[0])
            values = ", ".join(f"${n}" for n, _ in enumerate(names, 1))
            statement = f"insert into segments.{table} ({', '.join(names)}) values ({values})"
            await connection.executemany(statement, [tuple(row.values()) for row in rows])


def number_persons(facts: Facts) -> dict[tuple[str, str], int]:
    """The number of each person, by county and name."""
    named = {(e.county, facts.person(e.client)) for kind in KINDS for e in facts.of(kind)}
    return {key: number for number, key in enumerate(sorted(named), 100)}


def fact_row(event: Any, person: int, registers: Registers) -> dict[str, Any]:
    """The row of a fact: the columns of all fact tables, and those of its kind."""
    revision, time, source, id, digest = event.order
    fact = {
        "county": event.county,
        "id": event.id,
        "retracted": False,
        "own_client": str(event.client),
        "person": person,
    }
    fact["rank"] = encode_rank(revision, time, source, id, bytes.fromhex(digest))
    excluded = ("client", "revision", f"{event.kind}_id")
    fact |= {name: value for name, value in event.data.items() if name not in excluded}
    if "unit" in event.data:
        fact["day"] = local_date(event.data.get("occurred_at") or event.data["assessed_at"])
        fact["unit_row"] = registers.unit_row(event.county, event.data["unit"], fact["day"]).key
    else:
        fact["valid_to"] = event.data.get("valid_to")
    return dict(sorted(fact.items()))


def count(buckets: Buckets, kind: str, fact: dict[str, Any]) -> None:
    """Add a fact to the buckets of its day and its month."""
    if kind == "service_event" and fact["done"]:
        bucket, codes, measured = "care", ("sector", "event_class"), {"events": 1}
    elif kind == "assessment":
        bucket, codes, measured = "suuntima", ("battery", "sex", "result"), {"assessments": 1}
    else:
        return
    shared = {name: fact[name] for name in ("county", "unit_row", *codes)}
    segment = fact.get("segment", "all")
    months = shared | {"month": fact["day"].replace(day=1), "channel": "all", "segment": segment}
    for grain, key in (("day", shared | {"day": fact["day"]}), ("month", months)):
        for name, amount in measured.items():
            buckets[f"{bucket}_{grain}"][tuple(key.items())][name] += amount


def intervals(care: Care, county: str, person: str) -> Iterator[tuple[date, date]]:
    """The membership intervals of a person. Membership changes only on days when a ground begins or ends."""
    grounds = care.membership.grounds[county, person]
    change_days = set()
    for event in (event for events in grounds.values() for event in events):
        if "valid_from" in event.data:
            change_days |= {event.data["valid_from"], event.data.get("valid_to", NEVER)}
        else:
            day = local_date(event.data.get("occurred_at") or event.data["assessed_at"])
            change_days |= {day, day + YEAR}
    first = None
    for day in sorted(change_days - {NEVER}):
        member = care.membership.member(county, person, day)
        if member and first is None:
            first = day
        elif not member and first is not None:
            yield first, day
            first = None
    if first is not None:
        yield first, NEVER
