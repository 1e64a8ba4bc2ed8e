"""Compares a publication with the newest editions of its closed periods: table `report.restatement`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from shared.postgres.lock import Connection, lock_restatements
from shared.postgres.restated import Cause
from shared.publication.protection import KEYS, keys_of, views_of
from shared.publication.snapshot import CountyYear

KEY_RESULT: Final = "key_result"
FIXED: Final = ("county", "period_kind", "period")

_EDITIONS: Final = """
select distinct on (period) period, period_kind, edition from report.edition
where county = $1 and period >= $2 and period < $3
order by period, edition desc
"""
_NOT_COMPARED: Final = ("position", "margin", "suppressed", "low_n")
"""Columns that are no values: settings of a key result, and marks of a row."""
_NUMBERS: Final = """
select attname from pg_attribute
where attrelid = format('report.%I', $1::text)::regclass and attnum > 0 and not attisdropped and attname <> all ($2)
  and atttypid in ('bigint'::regtype, 'integer'::regtype, 'double precision'::regtype, 'numeric'::regtype,
                   'boolean'::regtype)
order by attnum
"""
# Values are compared as published, booleans as 1 and 0. A value is hidden if its row is; those that the register sets
# for a key result, and its coverage, are shown in a hidden row, too. A row that is missing on one side is not hidden
# there. `by_register`: the register has another definition of the key result, or another baseline or target that does
# not follow from figures.
_DIFFERENCES: Final = """
with old as (
  select keys, values, suppressed from report.edition_row
  where county = $1 and period = $2 and edition = $3 and view = $4
), new as (
  select jsonb_build_object({keys}) as keys, to_jsonb(shown) as values, suppressed
  from report.{view} shown where county = $1 and period = $2
)
select keys, c.name as column_name,
       case jsonb_typeof(old.values -> c.name) when 'boolean' then (old.values -> c.name)::boolean::integer
         else (old.values ->> c.name)::double precision end as old_value,
       case jsonb_typeof(new.values -> c.name) when 'boolean' then (new.values -> c.name)::boolean::integer
         else (new.values ->> c.name)::double precision end as new_value,
       coalesce(old.suppressed, false) and hideable.yes as old_suppressed,
       coalesce(new.suppressed, false) and hideable.yes as new_suppressed,
       $4 = 'key_result' and (
         exists (select from unnest(array['metric', 'scope', 'direction', 'target_mode', 'margin', 'baseline_period'])
                   s(name) where old.values ->> s.name is distinct from new.values ->> s.name)
         or (old.values ->> 'baseline' is distinct from new.values ->> 'baseline'
             and new.values ->> 'baseline_period' is null)
         or (old.values ->> 'baseline' is not distinct from new.values ->> 'baseline'
             and old.values ->> 'target' is distinct from new.values ->> 'target')) as by_register
from old full join new using (keys) cross join unnest($5::text[]) c(name)
cross join lateral (select $4 <> 'key_result' or c.name not in ('baseline', 'target', 'coverage')) hideable(yes)
where old.values ->> c.name is distinct from new.values ->> c.name
order by keys, c.name
"""
# The cells of which the changed facts count something else now. Where a column is null, the facts of a cell are known
# but not what each of them counts.
_CAUSES: Final = """
select distinct r.view, r.cause, s.scope_level, s.scope, r.channel, r.segment, r.keys::text as keys
from (
  select view, cause, log_position, unit_row, line, channel, segment, keys
  from {schema}.restated($1, $2)
  group by view, cause, log_position, unit_row, line, channel, segment, keys, column_name
  having sum(sign * amount) <> 0 or column_name is null
) r
cross join lateral (
  select scope_level, scope from reference.unit_scope where unit_row = r.unit_row
  union all
  select 'line', r.line where r.line is not null
  union all
  select 'county', $1 where r.unit_row is null) s
"""
_DELETE: Final = """
delete from report.restatement where county = $1 and period = $2 and view = any($3::text[])
returning edition, view, keys::text as keys, column_name, first_seen, causes
"""
_INSERT: Final = """
insert into report.restatement (county, period_kind, period, edition, view, keys, column_name, old_value, new_value,
  old_suppressed, new_suppressed, first_seen, causes)
select $1, $2, $3, $4, $5, keys, column_name, old_value, new_value, old_suppressed, new_suppressed, first_seen,
       string_to_array(causes, ',')
from unnest($6::jsonb[], $7::text[], $8::double precision[], $9::double precision[], $10::boolean[], $11::boolean[],
            $12::timestamptz[], $13::text[])
  r(keys, column_name, old_value, new_value, old_suppressed, new_suppressed, first_seen, causes)
"""

Cell = tuple[str, ...]
Causes = Mapping[tuple[str, Cell], set[str]]
"""The causes by view and cell. Those of all cells of a view are under the empty cell."""


async def restate(connection: Connection, family: str, county_year: CountyYear, now: datetime) -> None:
    """Write how the published rows of a county and year differ from the newest editions of its periods.

    Part of the transaction that replaces the rows. Key results follow from the figures of all families, and each family
    writes theirs: families that publish at the same time take turns from here to the commit, so that the last one
    compares what all have published.
    """
    await lock_restatements(connection, county_year.county)
    years = f"{county_year.year:04}", f"{county_year.year + 1:04}"
    editions = await connection.fetch(_EDITIONS, county_year.county, *years)
    if not editions:
        return
    views = {view: keys_of(view)[len(FIXED) :] for view in views_of(family)}
    views[KEY_RESULT] = ("id",)
    for edition in editions:
        found = {view: await _differences(connection, county_year.county, edition, view, views[view]) for view in views}
        known = await _known(connection, county_year.county, edition, list(views))
        if any(found.values()):
            causes = await _causes(connection, family, county_year.county, edition)
            for view, rows in found.items():
                await _write(connection, county_year.county, edition, view, views[view], rows, known, causes, now)


async def _differences(
    connection: Connection, county: str, edition: Any, view: str, keys: Sequence[str]
) -> Sequence[Any]:
    numbers = [row["attname"] for row in await connection.fetch(_NUMBERS, view, [*FIXED, *keys, *_NOT_COMPARED])]
    query = _DIFFERENCES.format(view=view, keys=", ".join(f"'{key}', {key}" for key in keys))
    return await connection.fetch(query, county, edition["period"], edition["edition"], view, numbers)


async def _known(
    connection: Connection, county: str, edition: Any, views: Sequence[str]
) -> Mapping[tuple[str, ...], Any]:
    """Delete the restatements of the views; returns those against this edition."""
    return {
        (row["view"], row["keys"], row["column_name"]): row
        for row in await connection.fetch(_DELETE, county, edition["period"], views)
        if row["edition"] == edition["edition"]
    }


async def _write(
    connection: Connection,
    county: str,
    edition: Any,
    view: str,
    keys: Sequence[str],
    differences: Sequence[Any],
    known: Mapping[tuple[str, ...], Any],
    causes: Causes,
    now: datetime,
) -> None:
    rows = []
    for row in differences:
        before = known.get((view, row["keys"], row["column_name"]))
        found = set(_causes_of(causes, view, orjson.loads(row["keys"]), keys))
        if view == KEY_RESULT and before:  # of any family: each publication adds the causes of its own
            found.update(before["causes"])
        if row["by_register"]:
            found.add(Cause.REGISTER.value)
        *values, _ = tuple(row)
        rows.append((*values, before["first_seen"] if before else now, ",".join(sorted(found))))
    if rows:
        key = (county, edition["period_kind"], edition["period"], edition["edition"], view)
        await connection.execute(_INSERT, *key, *map(list, zip(*rows, strict=True)))


async def _causes(connection: Connection, family: str, county: str, edition: Any) -> Causes:
    found: dict[tuple[str, Cell], set[str]] = defaultdict(set)
    for row in await connection.fetch(_CAUSES.format(schema=family), county, edition["period"]):
        further = (str(value) for _, value in sorted(orjson.loads(row["keys"]).items()))
        cell = (row["scope_level"], row["scope"], row["channel"], row["segment"], *further)
        for key in ((row["view"], cell), (row["view"], ()), ("", ())):
            found[key].add(row["cause"])
    return found


def _causes_of(causes: Causes, view: str, keys: Mapping[str, Any], names: Iterable[str]) -> set[str]:
    """The causes in a cell. A row that changed without facts of its own was hidden, or is no longer, because of
    others: then those of the view, or of the period.
    """
    dimensions = KEYS[len(FIXED) :]
    further = (str(keys[name]) for name in sorted(names) if name not in dimensions)
    cell = (*(str(keys.get(name)) for name in dimensions), *further)
    return causes.get((view, cell)) or causes.get((view, ())) or causes.get(("", ()), set())
