"""Facts of the care stream, and what is derived of them, put straight into the tables of the segments family.

Everything is worked out anew and plainly, out of what the oracle holds for the winning facts: neither the service nor
its statements have a part in it, so that the views are judged alone.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from shared.contracts.order import rank
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
    """Make the tables hold the facts and nothing else."""
    persons = numbered(facts)
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


def numbered(facts: Facts) -> dict[tuple[str, str], int]:
    """(county, name of the person) -> number."""
    named = {(e.county, facts.person(e.client)) for kind in KINDS for e in facts.of(kind)}
    return {key: number for number, key in enumerate(sorted(named), 100)}


def fact_row(event: Any, person: int, registers: Registers) -> dict[str, Any]:
    """What the tables of facts share, and the fields of this kind."""
    revision, time, source, id, digest = event.order
    fact = {
        "county": event.county,
        "id": event.id,
        "retracted": False,
        "own_client": str(event.client),
        "person": person,
    }
    fact["rank"] = rank(revision, time, source, id, bytes.fromhex(digest))
    left = ("client", "revision", f"{event.kind}_id")
    fact |= {name: value for name, value in event.data.items() if name not in left}
    if "unit" in event.data:
        fact["day"] = local_date(event.data.get("occurred_at") or event.data["assessed_at"])
        fact["unit_row"] = registers.unit_row(event.county, event.data["unit"], fact["day"]).key
    else:
        fact["valid_to"] = event.data.get("valid_to")
    return dict(sorted(fact.items()))


def count(buckets: Buckets, kind: str, fact: dict[str, Any]) -> None:
    """Add a fact to the buckets of its day and of its month."""
    if kind == "service_event" and fact["done"]:
        stem, codes, measured = "care", ("sector", "event_class"), {"events": 1}
    elif kind == "assessment":
        stem, codes, measured = "suuntima", ("battery", "sex", "result"), {"assessments": 1}
    else:
        return
    shared = {name: fact[name] for name in ("county", "unit_row", *codes)}
    segment = fact.get("segment", "all")
    months = shared | {"month": fact["day"].replace(day=1), "channel": "all", "segment": segment}
    for grain, key in (("day", shared | {"day": fact["day"]}), ("month", months)):
        for name, amount in measured.items():
            buckets[f"{stem}_{grain}"][tuple(key.items())][name] += amount


def intervals(care: Care, county: str, person: str) -> Iterator[tuple[date, date]]:
    """When a person is a member. It changes only where some piece of evidence begins or ends."""
    evidence = care.membership.evidence[county, person]
    turns = set()
    for event in (event for events in evidence.values() for event in events):
        if "valid_from" in event.data:
            turns |= {event.data["valid_from"], event.data.get("valid_to", NEVER)}
        else:
            day = local_date(event.data.get("occurred_at") or event.data["assessed_at"])
            turns |= {day, day + YEAR}
    first = None
    for day in sorted(turns - {NEVER}):
        member = care.membership.member(county, person, day)
        if member and first is None:
            first = day
        elif not member and first is not None:
            yield first, day
            first = None
    if first is not None:
        yield first, NEVER
