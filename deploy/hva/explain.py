"""`hva explain`: one figure with the facts and events behind it."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from deploy.hva import key_result_rows
from deploy.hva.context import AsJson, Dir, VerbError, plural, resolve
from deploy.hva.figures import plain, read
from deploy.hva.keys import KEYS, check, check_names, parse_pairs, period_days, period_kind
from deploy.hva.output import print_data, print_text
from deploy.hva.tables import print_rows

# Every family keeps one view `evidence`: its facts under every view they count in.
EVIDENCE = """
select e.fact, e.id, e.day, e.at, u.unit, e.line, e.channel, e.segment, e.person, e.keys, e.counted, e.detail, e.rank
from {schema}.evidence e
join reference.unit_row u on u.key = e.unit_row
where e.view = $1 and e.county = $2 and e.day >= $5 and e.day < $6
  and ($3 = 'line' and e.line = $4 or exists (
    select from reference.unit_scope s where s.unit_row = e.unit_row and s.scope_level = $3 and s.scope = $4))
  and ($7 = 'all' or e.channel = $7) and ($8 = 'all' or e.segment = $8)
  and not exists (
    select from unnest($9::text[], $10::text[]) w(key, value)
    where w.value <> 'all' and not (e.keys -> w.key) ? w.value)
order by e.day, e.at, e.id, e.keys
"""
# Facts of a stock: those that count on the last known day of the period, and those that began in the period.
STOCK_FACTS = """
select s.fact, s.id, s.first as day, s.at, u.unit, null as line, 'all' as channel, 'all' as segment, s.person, s.keys,
       s.counted || case when s.until <= last.day and not s.new then ', not counted: over and not new' else '' end
         || case when s.until > last.day then ', in the stock' else '' end
         || case when s.new and s.first >= $3 then ', new' else '' end as counted,
       case when s.until < 'infinity' then ', until ' || s.until else '' end as detail, s.rank
from {schema}.stock_fact s
cross join (select least($4::date - 1, reference.as_of_day())) last(day)
left join reference.unit_row u on u.key = s.unit_row
where s.view = $1 and s.county = $2
  and (s.first <= last.day and s.until > last.day or s.view = 'common_clients' and s.first between $3 and last.day)
  and not exists (
    select from unnest($5::text[], $6::text[]) w(key, value) where w.value <> 'all' and s.keys ->> w.key <> w.value)
order by s.first, s.id
"""
STOCKS = ("suuntima_stock", "common_clients")
DEFAULTS = {"scope_level": "county", "channel": "all", "segment": "all"}
HEADLINES = {"fcr_confirmed": {"window_days": "7"}, "fcr_client": {"window_days": "7"}}
"""The default of each further key: one fact counts under several values of it."""


def register(app: typer.Typer) -> None:
    @app.command()
    def explain(
        view: Annotated[str, typer.Argument(help="nps, response_rate, fcr_confirmed, access, ...")],
        keys: Annotated[list[str], typer.Argument(metavar="KEY=VALUE...", help="county=... period=2026Q1 [scope=...]")],
        limit: Annotated[int, typer.Option(min=1, help="Facts to print at most")] = 200,
        json: AsJson = False,
        dir: Dir = None,
    ) -> None:
        """Show the facts that a figure counts, each with its event."""
        wanted = complete(view, parse_pairs(keys))
        asyncio.run(_explain(resolve(dir).postgres_steward, view, wanted, limit, json))


def complete(view: str, keys: Mapping[str, str]) -> dict[str, str]:
    """The keys of one cell with defaults filled in. Raises BadParameter, also for names that are no keys of a cell."""
    if view == key_result_rows.VIEW:
        raise typer.BadParameter("key_result counts no facts: name the view of its metric, for instance nps")
    if missing := [key for key in ("county", "period") if key not in keys]:
        raise typer.BadParameter(f"{' and '.join(missing)} must be given")
    wanted = {**DEFAULTS, **keys}
    if wanted["scope_level"] == "county":
        wanted.setdefault("scope", wanted["county"])
    if view in HEADLINES:
        wanted = {**HEADLINES[view], **wanted}
    if "scope" not in wanted:
        raise typer.BadParameter(f"name the scope, a code of level {wanted['scope_level']}")
    check(view, wanted)
    check_names(view, wanted)
    if wanted["scope_level"] == "county" and wanted["scope"] != wanted["county"]:
        raise typer.BadParameter(f"scope {wanted['scope']} is not the county: name its scope_level, too")
    if wanted.get("period_kind", kind := period_kind(wanted["period"])) != kind:
        raise typer.BadParameter(f"{wanted['period']} is a {kind}, not a {wanted['period_kind']}")
    return wanted


async def _explain(dsn: str, view: str, wanted: Mapping[str, str], limit: int, as_json: bool) -> None:
    figure = await read(dsn, "figures", view, wanted)
    facts = await evidence(dsn, view, wanted)
    if view == "fcr_client":
        facts = first_of_client(facts)
    if as_json:
        import orjson

        print_data(orjson.dumps({"figure": [plain(row) for row in figure], "facts": facts}).decode())
        return
    _print(view, figure, facts, limit)


async def evidence(dsn: str, view: str, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
    """The facts behind a figure, each with its event. Shows no client."""
    import asyncpg

    from shared.contracts.rank import decode_rank

    connection = await asyncpg.connect(dsn)
    try:
        schema = await _schema_of(connection, view)
        others = {key: value for key, value in wanted.items() if key not in KEYS}
        period, others_of = period_days(wanted["period"]), (list(others), list(others.values()))
        if view in STOCKS:
            query = STOCK_FACTS.format(schema=schema)
            rows = await connection.fetch(query, view, wanted["county"], *period, *others_of)
        else:
            place = (wanted[key] for key in ("county", "scope_level", "scope"))
            of = (wanted[key] for key in ("channel", "segment"))
            rows = await connection.fetch(EVIDENCE.format(schema=schema), view, *place, *period, *of, *others_of)
    finally:
        await connection.close()
    numbers = _numbers(rows)
    return [_fact(row, numbers, decode_rank(row["rank"])) for row in rows]


def _numbers(rows: Sequence[Any]) -> dict[Any, int]:
    """A number for each person, valid in this output only. It does not identify them."""
    persons = dict.fromkeys(row["person"] for row in rows if row["person"] is not None)
    return {person: number for number, person in enumerate(persons, 1)}


async def _schema_of(connection: Any, view: str) -> str:
    families = await connection.fetch("select schemaname from pg_views where viewname = 'evidence'")
    for family in families:
        schema = str(family["schemaname"])
        if await connection.fetchval(f"select exists (select from {schema}.evidence where view = $1)", view):
            return schema
    raise VerbError(f"No fact counts in {view} yet.")


def _fact(row: Any, numbers: Mapping[Any, int], event: Any) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("fact", "id", "day", "at", "unit", "line", "channel", "segment")},
        "counted": row["counted"],
        "detail": row["detail"] or "",
        "client": numbers.get(row["person"]),
        "revision": event.revision,
        "event_source": event.source,
        "event_id": event.id,
        "event_time": event.time,
    }


def first_of_client(facts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Mark the first contact of each client: only that one counts in a cell and period."""
    seen, marked = set[int](), list[dict[str, Any]]()
    for fact in facts:
        first = fact["client"] not in seen
        seen.add(fact["client"])
        marked.append({**fact, "counted": ("first of its client, " if first else "not the first: ") + fact["counted"]})
    return marked


def _print(view: str, figure: Sequence[Mapping[str, Any]], facts: Sequence[Mapping[str, Any]], limit: int) -> None:
    print_rows(view, figure)
    print_text("", f"{plural(len(facts), 'fact')}:")
    for counted, times in sorted(Counter(fact["counted"] for fact in facts).items()):
        print_text(f"  {times:6}  {counted}")
    print_text()
    for fact in facts[:limit]:
        client = f"client {fact['client']}" if fact["client"] else None
        words = (
            f"{fact['fact']} {fact['id']}",
            client,
            *(fact[name] for name in ("unit", "line", "channel", "segment")),
        )
        print_text(
            f"{fact['day']}  {'  '.join(word for word in words if word)}  {fact['counted']}{fact['detail']}  "
            f"<- event {fact['event_id']} of {fact['event_source']}, revision {fact['revision']}, "
            f"{fact['event_time']:%Y-%m-%d %H:%M:%S} UTC"
        )
    if len(facts) > limit:
        print_text(f"... and {len(facts) - limit} more (--limit, --json)")
