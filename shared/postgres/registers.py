"""Writes the registers into schema `reference`, where views join them.

Services load at start. The first one writes; the others find the version and change nothing. Versions are hashes, so
their order is the order in which the database first received them (`reference.register_history`). A superseded version
is loaded again only if the caller names the current version that it replaces: a service that used that version when
its folder was changed back, or an operator.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple

import orjson

from shared.postgres.lock import Connection
from shared.registers.model import PARTS, Registers
from shared.registers.units import UnitRow

LOCK = 0x6876_6172_6567
"""The advisory lock of the schema, taken in a statement of its own, so that the next ones see the winner's writes."""

_UNIT_COLUMNS = (
    *("key", "county", "unit", "name_fi", "name_sv", "name_en", "service_area", "result_area", "division"),
    *("region", "sensitive", "valid_from", "valid_to"),
)

_UPSERT_UNITS = """
insert into reference.unit_row as t
       (key, county, unit, name_fi, name_sv, name_en, service_area, result_area, division,
        region, sensitive, valid_from, valid_to, current)
select *, $14::boolean
  from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
              $8::text[], $9::text[], $10::text[], $11::boolean[], $12::date[], $13::date[])
    on conflict (key) do update
   set name_fi = excluded.name_fi, name_sv = excluded.name_sv, name_en = excluded.name_en,
       sensitive = excluded.sensitive, current = true
 where excluded.current  -- a row added only for its key must not change names and `sensitive`
"""

_INSERT_SCOPES = """
insert into reference.unit_scope (unit_row, county, scope_level, scope)
select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[])
    on conflict (unit_row, scope_level) do nothing
"""

_KNOWN = "select exists (select from reference.register_history where version = $1)"
_REMEMBER = """
insert into reference.register_history (version) values ($1)
    on conflict (version) do update set loaded_at = excluded.loaded_at
"""


async def load(conn: Connection, registers: Registers, replaces: str | None = None) -> bool:
    """Write `registers` into schema `reference` in one transaction. Returns False if nothing was written: the database
    holds this version already, or the version is superseded and the current one is not `replaces`.

    Unit rows of earlier versions stay, but are no longer `current`: buckets still refer to them.
    """
    async with conn.transaction(isolation="read_committed"):
        await conn.execute("select pg_advisory_xact_lock($1)", LOCK)
        current = await current_version(conn)
        if current == registers.version:
            return False
        if current != replaces and await conn.fetchval(_KNOWN, registers.version):
            return False
        await conn.execute("update reference.unit_row set current = false where current")
        await _write_units(conn, (*registers.units, *registers.gap_rows), current=True)
        await _write_codes(conn, registers)
        await _write_objectives(conn, registers)
        await _write_segment_rule(conn, registers)
        await _write_versions(conn, registers)
        await conn.execute(_REMEMBER, registers.version)
        return True


async def add_unit_rows(conn: Connection, rows: Iterable[UnitRow]) -> None:
    """Add rows that the registers do not have: gap rows of removed units.

    Facts of such a unit need them. Runs in the caller's transaction.
    """
    await _write_units(conn, tuple(rows), current=False)


async def current_version(conn: Connection) -> str | None:
    """Return the version that schema `reference` holds; None before the first load."""
    found: str | None = await conn.fetchval("select version from reference.register_version where part = 'registers'")
    return found


async def _write_units(conn: Connection, rows: Sequence[UnitRow], *, current: bool) -> None:
    if not rows:
        return
    columns = [[getattr(row, column) for row in rows] for column in _UNIT_COLUMNS]
    await conn.execute(_UPSERT_UNITS, *columns, current)
    scopes = [(row.key, row.county, level, scope) for row in rows for level, scope in row.scopes]
    await conn.execute(_INSERT_SCOPES, *map(list, zip(*scopes, strict=True)))


async def _write_codes(conn: Connection, registers: Registers) -> None:
    """Replace the small registers as a whole: a few hundred rows in total."""
    for table in ("sector", "outcome", "promise", "theme", "name"):
        await conn.execute(f"delete from reference.{table}")
    await conn.executemany(
        "insert into reference.sector (sector, kind) values ($1, $2)", list(registers.sectors.items())
    )
    await conn.executemany(
        "insert into reference.outcome (outcome, classification, resolved, first_line_resolvable, hyte)"
        " values ($1, $2, $3, $4, $5)",
        [tuple(asdict(outcome).values()) for outcome in registers.outcomes.values()],
    )
    await conn.executemany(
        "insert into reference.promise (county, line, channel, kind, amount, valid_from)"
        " values ($1, $2, $3, $4, $5, $6)",
        [tuple(asdict(promise).values()) for promise in registers.promises],
    )
    await conn.executemany("insert into reference.theme (theme, stem) values ($1, $2)", registers.themes)
    await conn.executemany(
        "insert into reference.name (key, code, name_fi, name_sv, name_en) values ($1, $2, $3, $4, $5)",
        [astuple(name) for name in registers.names],
    )


async def _write_objectives(conn: Connection, registers: Registers) -> None:
    """Replace the objectives and the key results; `position` is their order in the file."""
    for table in ("objective", "key_result"):
        await conn.execute(f"delete from reference.{table}")
    await conn.executemany(
        "insert into reference.objective (position, id, name_fi, name_sv, name_en, description_fi, description_sv,"
        " description_en) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        [(position, *astuple(objective)) for position, objective in enumerate(registers.objectives)],
    )
    await conn.executemany(
        "insert into reference.key_result (id, position, name_fi, name_sv, name_en, spec)"
        " values ($1, $2, $3, $4, $5, $6::text::jsonb)",
        [
            (
                result.id,
                position,
                result.name_fi,
                result.name_sv,
                result.name_en,
                orjson.dumps(result.spec).decode(),
            )
            for position, result in enumerate(registers.key_results)
        ],
    )


async def _write_segment_rule(conn: Connection, registers: Registers) -> None:
    rule = registers.segment_rule
    await conn.execute("delete from reference.segment_rule")
    await conn.execute(
        "insert into reference.segment_rule (version, enabled, figures_from, e3_results, e3_valid_days,"
        " e4_min_sectors, e4_window_days, e6_scheme, e6_segment) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        *asdict(rule).values(),
    )


async def _write_versions(conn: Connection, registers: Registers) -> None:
    """Write the versions by part. `loaded_at` changes only with the version."""
    parts = (*PARTS, "unit_rows", "registers")
    await conn.execute(
        "insert into reference.register_version as t (part, version, loaded_at)"
        " select *, now() from unnest($1::text[], $2::text[]) on conflict (part) do update"
        " set version = excluded.version, loaded_at = excluded.loaded_at where t.version <> excluded.version",
        list(parts),
        [registers.version_of(part) for part in parts],
    )
