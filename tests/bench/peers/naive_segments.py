"""How the naive peer stores care events: SQL writes the event, then recomputes its client's membership and its day."""

from datetime import date, datetime, timedelta
from typing import Any

from shared.postgres.lock import Connection

_EVENT = """
insert into naive.service_event values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (county, id) do update set (revision, unit, sector, day, client, done) =
  row(excluded.revision, excluded.unit, excluded.sector, excluded.day, excluded.client, excluded.done)
where service_event.revision < excluded.revision
"""
_EVIDENCE = """
insert into naive.evidence values ($1, $2, $3, $4, $5, $6)
on conflict (county, id) do update set (revision, client, valid_from, valid_to) =
  row(excluded.revision, excluded.client, excluded.valid_from, excluded.valid_to)
where evidence.revision < excluded.revision
"""
_RETRACT = "delete from naive.{table} where county = $1 and id = $2"
_MEMBER = """
update naive.service_event e set member = computed.member
from (
  select e.id, exists (
      select from naive.evidence v
      where v.county = e.county and v.client = e.client and e.day >= v.valid_from and e.day < v.valid_to)
    or (select count(distinct near.sector) >= 3
           and bool_or(s.kind = 'health') and bool_or(s.kind = 'social')
        from naive.service_event near left join reference.sector s on s.sector = near.sector
        where near.county = e.county and near.client = e.client and near.done
          and near.day > e.day - 365 and near.day <= e.day) as member
  from naive.service_event e where e.county = $1 and e.client = $2) computed
where e.county = $1 and e.id = computed.id and e.member <> coalesce(computed.member, false)
"""
_DAY = """
insert into naive.care_day
select county, day, unit, sector, count(*), count(*) filter (where member)
from naive.service_event where county = $1 and day = $2 and unit = $3 and sector = $4 and done
group by county, day, unit, sector
on conflict (county, day, unit, sector) do update set (events, of_members) =
  row(excluded.events, excluded.of_members)
"""
_NO_END = date(9999, 12, 31)


async def store(connection: Connection, county: str, kind: str, _time: datetime, data: dict[str, Any]) -> None:
    """Store the event and recompute what it changes, in the caller's transaction."""
    if "client" not in data:
        table = "service_event" if "service_event_id" in data else "evidence"
        await connection.execute(_RETRACT.format(table=table), county, _id(data))
        return
    client = data["client"]
    if "service_event_id" in data:
        day = datetime.fromisoformat(data["occurred_at"]).date()
        unit_sector_day = (data["unit"], data["sector"], day)
        await connection.execute(
            _EVENT,
            county,
            data["service_event_id"],
            data["revision"],
            *unit_sector_day,
            client,
            data["status"] == "done",
        )
    elif "assessment_id" in data:
        first = datetime.fromisoformat(data["assessed_at"]).date()
        until = first + timedelta(days=365 if data["result"] == "verkosto" else 0)
        await connection.execute(_EVIDENCE, county, data["assessment_id"], data["revision"], client, first, until)
    else:
        id = _id(data)
        first, until = (
            date.fromisoformat(data["valid_from"]),
            date.fromisoformat(data.get("valid_to", _NO_END.isoformat())),
        )
        await connection.execute(_EVIDENCE, county, id, data["revision"], client, first, until)
    await connection.execute(_MEMBER, county, client)
    if "service_event_id" in data:
        await connection.execute(_DAY, county, day, data["unit"], data["sector"])


def _id(data: dict[str, Any]) -> str:
    return next(str(value) for name, value in data.items() if name.endswith("_id"))
