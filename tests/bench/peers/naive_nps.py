"""How the naive peer stores feedback: it writes the fact and increments its day."""

from datetime import datetime
from typing import Any

import orjson

from shared.postgres.lock import Connection

_FACT = """
insert into naive.fact values ($1, $2, $3, $4, $5, $6)
on conflict (county, id) do update set revision = excluded.revision, time = excluded.time, data = excluded.data
where fact.revision < excluded.revision
"""
_DAY = """
insert into naive.day values ($1, $2, $3, $4, 1)
on conflict (county, day, unit, type) do update set n = day.n + 1
"""


async def store(connection: Connection, county: str, kind: str, time: datetime, data: dict[str, Any]) -> None:
    """Store the fact and its day in the caller's transaction."""
    id = data.get("response_id") or data.get("feedback_id") or data["invitation_id"]
    body = orjson.dumps(data).decode()
    await connection.execute(_FACT, county, id, kind, data.get("revision", 1), time, body)
    await connection.execute(_DAY, county, time.date(), data.get("unit", "-"), kind)
