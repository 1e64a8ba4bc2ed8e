"""An attacker with the password of a reader tries what PostgreSQL offers besides reading the published tables."""

from typing import Any

import asyncpg
import pytest

from shared.postgres.bootstrap import ROLES, bootstrap
from shared.publication.protection import keys_of, views_of
from shared.publication.publish import publish
from tests.product import Database
from tests.store.readers import MINE, OTHER, as_owner, copy_to_other_county, make_reader, session
from tests.store.test_nps_store import Store, answered, nps, pool, registers
from tests.store.test_publication import NOW, UNIT, family, fill, reader

__all__ = ["family", "nps", "pool", "reader", "registers"]

OTHERS_WORK = [
    "select relname, n_live_tup, n_tup_ins from pg_stat_user_tables",
    "select pg_stat_get_tuples_inserted(oid) from pg_class where relname = 'response'",
    "select idx_tup_read from pg_stat_user_indexes",
    "select heap_blks_read from pg_statio_user_tables",
    "select tup_inserted from pg_stat_database",
    "select relname, reltuples from pg_class where relname = 'response'",
    "select relpages from pg_class where relname = 'response'",
    "select c::text from pg_class c where relname = 'response'",
    "select pg_relation_size(oid) from pg_class where relname = 'response'",
    "select pg_total_relation_size(oid) from pg_class where relname = 'response'",
    "select pg_database_size(current_database())",
    "select last_value from pg_sequences",
    "select most_common_vals from pg_stats_ext where 1 / (select count(*) from pg_locks) > 0",
    "select classid, objid from pg_locks where locktype = 'advisory'",
    "select usename, query, state from pg_stat_activity",
    "select pg_blocking_pids(pg_backend_pid())",
    "select pg_current_snapshot()",
    "select pg_current_xact_id()",
    "select txid_current()",
    "select pg_current_wal_insert_lsn()",
    "select pg_last_committed_xact()",
    "select wal_bytes from pg_stat_wal",
    "select stxdmcv from pg_statistic_ext_data",
]
DISTURBANCES = [
    "select pg_advisory_lock(1886744172, 2)",
    "select pg_advisory_lock_shared(1886744172, 2)",
    "select pg_try_advisory_xact_lock(2, 1)",
    "do $$ begin perform pg_advisory_lock(1886744172, 2); end $$",
    "select lo_create(0)",
    "select lo_from_bytea(0, 'x')",
    "select pg_notify('c', 'x')",
    "select pg_logical_emit_message(false, 'p', 'x')",
    "select pg_export_snapshot()",
    "select pg_terminate_backend(1)",
    "do $$ begin lock table report.nps in row exclusive mode; end $$",
    "select * from report.nps for share",
    "set temp_file_limit = -1",
    "alter role hva_reader connection limit -1",
    "alter role hva_nps password 'x'",
    "set session_replication_role = replica",
    "set log_statement = 'all'",
]
CREATIONS = [
    "create function pg_temp.f() returns int language sql as 'select 1'",
    "create function public.lower(text) returns text language sql as 'select $1'",
    "do $$ begin execute 'create temp table nps (n int)'; end $$",
    "create operator public.= (function = int8eq, leftarg = int8, rightarg = int8)",
    "create schema mine",
    "create foreign data wrapper other",
    "alter extension plpgsql set schema public",
    "create publication p for table report.nps",
    "create event trigger t on ddl_command_end execute function f()",
    "create policy p on report.nps using (true)",
    "create statistics s on n, score from report.nps",
    "create materialized view report.v as select 1",
    "alter view report.unit set (security_barrier = false)",
    "copy report.nps to '/tmp/x'",
    "copy report.nps from program 'cat'",
    "analyze nps.response",
]


@pytest.fixture
async def published(nps: Store, family: Any) -> None:
    await fill(nps)
    assert await publish(family, "nps", UNIT, NOW)


async def test_a_reader_sees_nothing_of_the_work_of_others(published: None, reader: Any, database: Database) -> None:
    await as_owner(database, "analyze")
    assert [attack for attack in OTHERS_WORK if not await _is_refused(reader, attack)] == []


async def test_a_reader_can_lock_write_and_create_nothing(reader: Any) -> None:
    await reader.execute("set default_transaction_read_only = off")
    assert [attack for attack in (*DISTURBANCES, *CREATIONS) if not await _is_refused(reader, attack)] == []


async def _is_refused(connection: Any, statement: str) -> bool:
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return True
    except asyncpg.PostgresError as error:
        pytest.fail(f"{statement}: {error}")
    return False


async def test_a_reader_gets_into_no_database_but_this(database: Database, reader: Any) -> None:
    for name in ("postgres", "template1"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(Database(name, database.admin).dsn("hva_reader"))


async def test_a_reader_in_a_transaction_stops_neither_writers_nor_the_publisher(
    published: None, nps: Store, family: Any, reader: Any
) -> None:
    async with reader.transaction(isolation="serializable"):
        await reader.execute("lock table report.nps, report.response, report.publication in access share mode")
        await reader.fetch("select * from report.nps")
        await nps.feed(*(answered(f"more{n}") for n in range(20)))
        assert await publish(family, "nps", UNIT, NOW)


@pytest.mark.parametrize(
    "probe",
    [
        "1 / (n - 77) is null",
        "(n || ' of ' || county)::integer = 0",
        "case when n = 77 then 1 / (n - n) > 0 end",
        "set_config('work_mem', case when n = 77 then 'secret' else '4MB' end, true) = ''",
    ],
)
async def test_an_error_shows_no_row_of_another_county(published: None, database: Database, probe: str) -> None:
    role = await make_reader(database, MINE)
    await copy_to_other_county(database, 77)
    query = f"select count(*) from report.nps where county = '{OTHER}' and {probe}"
    async with session(database, "hva_reader") as leader:
        with pytest.raises(asyncpg.DataError):
            await leader.fetch(query)
    async with session(database, role) as attacker:
        for scan in ("enable_seqscan", "enable_indexscan", "enable_bitmapscan"):
            await attacker.execute(f"set {scan} = off")
            assert await attacker.fetchval(query) == 0
            await attacker.fetch(query.replace(f"county = '{OTHER}'", f"county <> '{MINE}'"))
            await attacker.execute(f"reset {scan}")


async def test_estimates_show_no_number_of_another_county(published: None, database: Database) -> None:
    role = await make_reader(database, MINE)
    await copy_to_other_county(database, 77, times=20)
    await as_owner(database, "analyze")
    async with session(database, role) as attacker:
        estimates = {
            (await attacker.fetch(f"explain select * from report.nps where n = {n}"))[0][0] for n in (76, 77, 78)
        }
    assert len(estimates) == 1


async def test_names_of_units_and_codes_are_those_of_the_own_county(published: None, database: Database) -> None:
    role = await make_reader(database, MINE)
    await as_owner(
        database,
        f"insert into report.code_shown values ('nps', '{OTHER}', 2026, 'question', 'secret')",
        "insert into reference.name values ('question', 'secret', 'S', 'S', 'S'), ('county', 'oma-hame', 'M', '', '')",
        "insert into reference.unit_row (key, county, unit, name_fi, name_sv, name_en, service_area, result_area, "
        f"division, region, sensitive, current) select 1, '{OTHER}', 'secret', '', '', '', '', '', '', '', false, true",
    )
    for reads, sees_other in (("hva_reader", True), ("hva_steward", True), (role, False)):
        async with session(database, reads) as connection:
            counties = {row[0] for row in await connection.fetch("select county from report.unit")}
            codes = {row[0] for row in await connection.fetch("select code from report.code")}
            own = {row[0] for row in await connection.fetch("select code from report.name where own")}
        assert MINE in counties and "keskus" not in codes and "recommend" not in codes and "month" in codes
        assert (OTHER in counties, "secret" in codes) == (sees_other, sees_other)
        assert own == ({MINE, "secret"} if sees_other else {MINE})


async def test_where_rows_are_stored_follows_from_their_keys(published: None, reader: Any) -> None:
    for view in views_of("nps"):
        names = ", ".join(keys_of(view))
        stored = [tuple(row) for row in await reader.fetch(f"select {names} from report.{view} order by ctid")]
        assert stored == sorted(stored)
        assert len(await reader.fetch(f"select distinct xmin, xmax from report.{view}")) <= 1


async def test_the_state_of_a_publication_counts_what_its_rows_show(published: None, reader: Any) -> None:
    (state,) = await reader.fetch("select * from report.publication where county = $1", MINE)
    shown = [row[0] for view in views_of("nps") for row in await reader.fetch(f"select suppressed from report.{view}")]
    assert (state["rows"], state["hidden"]) == (len(shown), sum(shown))


async def test_sessions_of_a_reader_are_limited(database: Database) -> None:
    role = await make_reader(database, MINE)
    async with session(database, role) as attacker:
        await attacker.execute("set default_transaction_read_only = off")
        await attacker.execute(f"alter role {role} set statement_timeout = 0")
        await attacker.execute(f"alter role {role} in database {database.name} set search_path = public")
    await bootstrap(database.admin, dict.fromkeys(ROLES, "test-only"), database.name)
    for name in (role, "hva_reader"):
        async with session(database, name) as connection:
            limits = ("statement_timeout", "idle_in_transaction_session_timeout", "temp_file_limit", "search_path")
            found = [await connection.fetchval("select current_setting($1)", limit) for limit in limits]
            assert found == ["1min", "1min", "1GB", '"$user", public']
    held = [await asyncpg.connect(database.dsn(role)) for _ in range(20)]
    try:
        with pytest.raises(asyncpg.TooManyConnectionsError):
            await asyncpg.connect(database.dsn(role))
    finally:
        for connection in held:
            await connection.close()
