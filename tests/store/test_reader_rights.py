"""Everything that a reader may do, from the catalog, against a short list: a migration that grants more fails here."""

from typing import Any

import asyncpg
import pytest

from shared.disclosure.model import VIEWS
from shared.postgres.bootstrap import dsn_for
from tests.product import Database
from tests.store.readers import MINE, READERS, make_reader, session

# Each query returns names. `$1` is the role. What is missing in ALLOWED must be empty.
QUERIES = {
    "attributes": """
        select a.name from pg_roles, lateral (values ('superuser', rolsuper), ('createdb', rolcreatedb),
          ('createrole', rolcreaterole), ('replication', rolreplication), ('bypassrls', rolbypassrls),
          ('unlimited connections', rolconnlimit < 0)) a(name, has) where rolname = $1 and a.has""",
    "memberships": "select roleid::regrole::text from pg_auth_members where member = $1::regrole",
    "connect": """
        select case when datname = current_database() then 'this' else datname end from pg_database
        where datallowconn and has_database_privilege($1, oid, 'connect')
          and (datname = current_database() or datdba <> 'hva_migrate'::regrole)""",
    "create in database": """
        select datname from pg_database where datname = current_database()
          and (has_database_privilege($1, oid, 'create') or has_database_privilege($1, oid, 'temporary'))""",
    "usage of schema": "select nspname from pg_namespace where has_schema_privilege($1, oid, 'usage')",
    "create in schema": "select nspname from pg_namespace where has_schema_privilege($1, oid, 'create')",
    "select": """
        select c.oid::regclass::text from pg_class c join pg_namespace s on s.oid = c.relnamespace
        where nspname not in ('pg_catalog', 'information_schema') and c.relkind in ('r', 'v', 'm', 'p', 'f', 'S')
          and (has_table_privilege($1, c.oid, 'select') or has_any_column_privilege($1, c.oid, 'select'))""",
    "write": """
        select c.oid::regclass::text from pg_class c
        where c.relkind in ('r', 'v', 'm', 'p', 'f', 'S') and (has_any_column_privilege($1, c.oid, 'insert')
          or has_any_column_privilege($1, c.oid, 'update') or has_any_column_privilege($1, c.oid, 'references')
          or has_table_privilege($1, c.oid, 'delete, truncate, trigger, maintain'))""",
    "execute": """
        select p.oid::regprocedure::text from pg_proc p join pg_namespace s on s.oid = p.pronamespace
        where has_function_privilege($1, p.oid, 'execute') and has_schema_privilege($1, s.oid, 'usage')
          and nspname not in ('pg_catalog', 'information_schema')""",
    "execute volatile": """
        select distinct p.proname from pg_proc p where has_function_privilege($1, p.oid, 'execute')
          and p.pronamespace = 'pg_catalog'::regnamespace and p.provolatile = 'v'
          and not 'internal'::regtype = any (p.proargtypes) and p.prorettype <> 'trigger'::regtype""",
    "execute with the rights of the owner": """
        select p.oid::regprocedure::text from pg_proc p where p.prosecdef and has_function_privilege($1, oid, 'execute')
        """,
    "execute statistics": """
        select p.oid::regprocedure::text from pg_proc p where has_function_privilege($1, p.oid, 'execute')
          and p.provolatile <> 'i'
          and p.proname ~ '_stat_get_|advisory|^lo_|_(relation|table)_size|snapshot|xact|txid|_wal_|_lock'""",
    "statistics in the catalog": """
        select attname from pg_attribute where attrelid in ('pg_class'::regclass, 'pg_statistic'::regclass)
          and attname ~ '^(rel(tuples|pages|all.*)|sta.*)$' and has_column_privilege($1, attrelid, attnum, 'select')""",
    "rights in the catalog beyond everybody's": """
        select c.relname from pg_class c, aclexplode(c.relacl) a
        where c.relnamespace = 'pg_catalog'::regnamespace and a.grantee = $1::regrole
        union all
        select p.proname from pg_proc p, aclexplode(p.proacl) a
        where p.pronamespace = 'pg_catalog'::regnamespace and a.grantee = $1::regrole""",
    "rights in what is yet to be made": """
        select defaclobjtype::text from pg_default_acl, aclexplode(defaclacl) where grantee in ($1::regrole, 0)""",
    "parameters": "select parname from pg_parameter_acl, aclexplode(paracl) where grantee in ($1::regrole, 0)",
    "foreign servers": "select srvname from pg_foreign_server where has_server_privilege($1, oid, 'usage')",
    "tablespaces": "select spcname from pg_tablespace where has_tablespace_privilege($1, oid, 'create')",
    "large objects": "select oid::text from pg_largeobject_metadata where has_largeobject_privilege($1, oid, 'select')",
    "languages": "select lanname from pg_language where lanpltrusted and has_language_privilege($1, oid, 'usage')",
}
TABLES = {
    *(*VIEWS, "publication", "code_shown", "freshness", "edition", "edition_row", "restatement"),
    *("key_result_status", "narrative"),
}
PUBLISHED_VIEWS = {
    "unit": ["security_barrier=true"],
    "code": ["security_invoker=true"],
    "name": ["security_barrier=true"],
    "objective": ["security_barrier=true"],
    "key_result_period": ["security_barrier=true"],
    "key_result": ["security_invoker=true"],
    "period": ["security_barrier=true"],
}
ALLOWED: dict[str, set[str]] = {
    "connect": {"this"},
    "usage of schema": {"pg_catalog", "information_schema", "public", "report"},
    "select": {f"report.{name}" for name in (*TABLES, *PUBLISHED_VIEWS)},
    "write": {"pg_settings"},  # as `set` does, in the own session
    # Each needs a schema to create in, but for DO blocks, which run with the rights of the role.
    "languages": {"sql", "plpgsql"},
    # Random numbers, the time, session settings, and sequences, which have rights of their own.
    "execute volatile": {
        *("random", "random_normal", "setseed", "gen_random_uuid", "uuidv4", "uuidv7", "clock_timestamp", "timeofday"),
        *("set_config", "pg_is_in_recovery", "nextval", "currval", "lastval", "setval"),
    },
}


async def rights(admin: Any, role: str) -> dict[str, set[str]]:
    """What a role may do."""
    found = {name: {row[0] for row in await admin.fetch(query, role)} for name, query in QUERIES.items()}
    return {name: names for name, names in found.items() if names}


@pytest.fixture
async def admin(database: Database) -> Any:
    await make_reader(database, MINE)
    connection = await asyncpg.connect(dsn_for(database.admin, database.name))
    yield connection
    await connection.close()


async def test_a_reader_may_do_what_is_listed_and_nothing_else(admin: Any) -> None:
    assert [await rights(admin, role) for role in READERS] == [ALLOWED, ALLOWED]


async def test_a_right_that_is_not_listed_is_found(admin: Any) -> None:
    for grant in (
        "grant select on figures.nps to hva_reader",
        "grant select (score) on figures.nps to hva_reader",
        "create view report.more as select * from figures.nps; grant select on report.more to hva_reader",
        "create function report.more() returns bigint language sql as 'select count(*) from nps.response'",
        "grant usage on schema figures to public",
        "grant insert on report.freshness to hva_reader",
        "grant hva_nps to hva_reader",
        "grant pg_read_all_stats to hva_reader",
        "grant create on schema public to public",
        "grant execute on function pg_advisory_lock(bigint) to public",
        "grant execute on function pg_stat_get_live_tuples(oid) to hva_reader",
        "grant select on pg_class to public",
        "alter default privileges in schema report grant select on tables to hva_reader",
    ):
        transaction = admin.transaction()
        await transaction.start()
        await admin.execute(grant)
        found = await rights(admin, "hva_reader")
        await transaction.rollback()
        assert found != ALLOWED, grant


async def test_every_published_table_has_row_security_and_no_statistics(admin: Any) -> None:
    published = "from pg_class c where relnamespace = 'report'::regnamespace and relkind = 'r'"
    tables = await admin.fetch(f"select relname, relrowsecurity {published}")
    assert {row["relname"] for row in tables if row["relrowsecurity"]} == TABLES
    assert len(tables) == len(TABLES)
    policies = await admin.fetch("select tablename, qual from pg_policies where $1 = any(roles)", READERS[1])
    assert {row["tablename"] for row in policies} == TABLES
    assert {row["qual"] for row in policies} == {f"(county = '{MINE}'::text)"}
    collected = "select from pg_attribute where attrelid = c.oid and attnum > 0 and attstattarget is distinct from 0"
    assert not await admin.fetch(f"select relname {published} and exists ({collected} and not attisdropped)")
    views = await admin.fetch(
        "select relname, reloptions from pg_class where relnamespace = 'report'::regnamespace and relkind in ('v', 'm')"
    )
    assert {row["relname"]: row["reloptions"] for row in views} == PUBLISHED_VIEWS


async def test_what_clients_ask_the_catalog_for_is_answered(admin: Any, database: Database) -> None:
    async with session(database, READERS[1]) as reader:
        tables = await reader.fetch("select table_name from information_schema.tables where table_schema = 'report'")
        assert {row["table_name"] for row in tables} == {*TABLES, *PUBLISHED_VIEWS}
        for name in ("columns", "views"):
            assert await reader.fetch(f"select * from information_schema.{name} where table_schema = 'report'")
        described = await reader.fetch(
            "select c.relname, c.relkind, c.relhasindex, c.relrowsecurity, obj_description(c.oid, 'pg_class') "
            "from pg_catalog.pg_class c where c.oid = 'report.nps'::regclass"
        )
        assert [row["relname"] for row in described] == ["nps"]
