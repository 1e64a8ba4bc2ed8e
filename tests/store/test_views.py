"""Views are made anew on a database that has them, whenever one of their service changed."""

import asyncpg

from shared.postgres.bootstrap import SERVICE_ROLES
from shared.postgres.migrate import migrate
from tests.product import SERVICES, Database


async def test_changed_views_take_the_place_of_the_old_ones(database: Database) -> None:
    dsn = database.dsn("hva_migrate")
    admin = await asyncpg.connect(dsn)
    try:
        seen = "select schemaname, viewname, definition from pg_views where schemaname = any($1) order by 1, 2"
        schemas = ["figures", *SERVICES]
        before = await admin.fetch(seen, schemas)
        await admin.execute("delete from migration.applied where name = 'views'")
        await migrate(dsn, SERVICES)
        assert await admin.fetch(seen, schemas) == before
        rights = "select bool_or(has_table_privilege($1, oid, 'select')) from pg_class "
        rights += "where relnamespace = 'figures'::regnamespace and relkind = 'v'"
        assert all([await admin.fetchval(rights, role) for role in (*SERVICE_ROLES[1:], "hva_steward")])
    finally:
        await admin.close()
