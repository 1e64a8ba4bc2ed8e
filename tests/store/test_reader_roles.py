"""What the roles of readers can and cannot read, including attacks by someone with the password of a reader."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from shared.publication.publish import publish
from tests.product import Database
from tests.store.readers import MINE, OTHER, make_reader, session
from tests.store.test_nps_store import Store
from tests.store.test_publication import NOW, UNIT, family, fill, nps, pool, reader, registers, rows

__all__ = ["family", "nps", "pool", "reader", "registers"]

SCHEMAS = ("nps", "fcr", "segments", "ingest", "reference", "figures", "migration")


@pytest.fixture
async def published(nps: Store, family: Any) -> None:
    await fill(nps)
    assert await publish(family, "nps", UNIT, NOW)


async def test_reader_can_read_only_published_tables(published: None, reader: Any, family: Any) -> None:
    readable = await reader.fetch(
        "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where c.relkind in ('r', 'v', 'm', 'p', 'S', 'f') and n.nspname not in ('pg_catalog', 'information_schema') "
        "and (has_table_privilege(c.oid, 'select') or has_any_column_privilege(c.oid, 'select')) "
        "and n.nspname <> 'report'"
    )
    assert readable == []
    assert not any([await reader.fetchval("select has_schema_privilege($1, 'usage')", name) for name in SCHEMAS])
    writable = "select relname from pg_class where relnamespace = 'report'::regnamespace "
    writable += "and has_table_privilege(oid, 'insert, update, delete, truncate, references, trigger')"
    assert await reader.fetch(writable) == []
    for schema in SCHEMAS:
        found = await family.fetchval("select min(relname) from pg_class where relnamespace = $1::regnamespace", schema)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.fetch(f"explain (analyze, verbose, buffers) select * from {schema}.{found}")


@pytest.mark.parametrize(
    "attack",
    [
        "select figures.nps_mix('oma-hame', 'unit', 'keskus', 'all', '2026-03', '2026Q1')",
        "select reference.as_of()",
        "create temp table t (n int)",
        "create temp view v as select * from figures.nps",
        "create view report.mine as select * from report.nps",
        "create function report.f() returns int language sql as 'select 1'",
        "set role hva_nps",
        "set session authorization hva_steward",
        "alter table report.nps disable row level security",
        "copy nps.response to stdout",
        "copy (select 1) to program 'cat'",
        "select pg_read_file('PG_VERSION')",
        "select staattnum from pg_statistic",
        "select lo_import('/etc/passwd')",
        "select * from pg_authid",
        "create database other",
    ],
)
async def test_reader_has_no_other_privileges(reader: Any, attack: str) -> None:
    await reader.execute("set default_transaction_read_only = off")
    with pytest.raises(asyncpg.PostgresError) as refused:
        await reader.fetch(attack) if attack.startswith("select") else await reader.execute(attack)
    assert isinstance(refused.value, asyncpg.InsufficientPrivilegeError)


async def test_statistics_and_plans_reveal_no_exact_figures(published: None, reader: Any, database: Database) -> None:
    owner = await asyncpg.connect(database.dsn("hva_migrate"))
    await owner.execute("analyze")
    await owner.close()
    seen = await reader.fetch("select distinct schemaname from pg_stats where schemaname <> all($1)", ["pg_catalog"])
    assert {row["schemaname"] for row in seen} <= {"report", "information_schema"}
    hidden = "select * from report.nps where scope = 'tauko' and period = '2026-03' and scope_level = 'unit'"
    plan = await reader.fetch(f"explain (analyze, verbose) {hidden}")
    assert not any("figures" in row[0] or "answer" in row[0] for row in plan)
    (row,) = await reader.fetch(hidden)
    assert row["suppressed"] and {row[name] for name in ("n", "promoters", "passives", "detractors", "score")} == {None}


async def test_as_of_setting_does_not_change_published_rows(published: None, reader: Any) -> None:
    before = await rows(reader, "report", "nps", NOW)
    assert await rows(reader, "report", "nps", NOW - timedelta(days=400)) == before


async def test_reader_of_one_county_reads_no_other_county(published: None, family: Any, database: Database) -> None:
    mine, other = await make_reader(database, MINE), await make_reader(database, OTHER)
    assert await _visible_counties(database, mine) == {MINE} and await _visible_counties(database, other) == set()
    async with session(database, other) as connection:
        plan = await connection.fetch(f"explain (analyze) select * from report.nps where county = '{MINE}' and n > 50")
        assert "Rows Removed" not in "\n".join(row[0] for row in plan)


async def _visible_counties(database: Database, role: str) -> set[str]:
    async with session(database, role) as connection:
        tables = await connection.fetch(
            "select relname from pg_class where relnamespace = 'report'::regnamespace and relkind = 'r'"
        )
        found = [await connection.fetch(f"select distinct county from report.{t['relname']}") for t in tables]
        return {row["county"] for rows in found for row in rows}
