"""Views: their columns, the columns that they read, and applying them again."""

import asyncpg

from services.fcr.domain import MEASURES as FCR
from services.nps.domain import MEASURES as NPS
from services.segments.domain import MEASURES as SEGMENTS
from shared.disclosure.model import VIEWS
from shared.postgres.bootstrap import SERVICE_ROLES
from shared.postgres.buckets import GRAINS
from shared.postgres.migrate import migrate
from tests.product import SERVICES, Database

MEASURES = {"nps": NPS, "fcr": FCR, "segments": SEGMENTS}
READ_BY_VIEWS = """
select distinct d.refobjid::regclass::text as table, a.attname as column
from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass
"""


async def test_published_tables_have_the_columns_of_the_views(database: Database) -> None:
    admin = await asyncpg.connect(database.dsn("hva_migrate"))
    try:
        columns = (
            "select attname, format_type(atttypid, atttypmod) from pg_attribute "
            "where attrelid = format('%I.%I', $1::text, $2::text)::regclass and attnum > 0 order by attnum"
        )
        for view in VIEWS:
            exact = await admin.fetch(columns, "figures", view)
            shown = await admin.fetch(columns, "report", view)
            assert shown[: len(exact)] == exact, view
            assert [row["attname"] for row in shown[len(exact) :]] == ["suppressed", "low_n", "published_at"], view
    finally:
        await admin.close()


async def test_views_can_be_applied_again(database: Database) -> None:
    dsn = database.dsn("hva_migrate")
    admin = await asyncpg.connect(dsn)
    try:
        views = "select schemaname, viewname, definition from pg_views where schemaname = any($1) order by 1, 2"
        schemas = ["figures", *SERVICES]
        before = await admin.fetch(views, schemas)
        await admin.execute("delete from migration.applied where name = 'views'")
        await migrate(dsn, SERVICES)
        assert await admin.fetch(views, schemas) == before
        rights = "select bool_or(has_table_privilege($1, oid, 'select')) from pg_class "
        rights += "where relnamespace = 'figures'::regnamespace and relkind = 'v'"
        assert all([await admin.fetchval(rights, role) for role in (*SERVICE_ROLES[1:], "hva_steward")])
    finally:
        await admin.close()


async def test_every_count_of_a_bucket_is_read_by_a_view(database: Database) -> None:
    admin = await asyncpg.connect(database.dsn("hva_migrate"))
    try:
        read = {(row["table"], row["column"]) for row in await admin.fetch(READ_BY_VIEWS)}
    finally:
        await admin.close()
    written = {
        (f"{schema}.{measure.name}_{grain}", count)
        for schema, measures in MEASURES.items()
        for measure in measures
        for grain in GRAINS
        for count in measure.counts
    }
    assert written - read == set()
