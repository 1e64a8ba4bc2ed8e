"""Rights in the system catalog that readers do not get.

PostgreSQL lets everyone read how many rows were written to any table, how large it is and who holds which lock, and
lets everyone hold advisory locks and write large objects. Row counts of a small table are hidden figures, and the
advisory locks are those of the writers. So these functions and columns are revoked from PUBLIC, in this database only,
and granted to the roles that need them.
"""

from collections.abc import Iterable
from typing import Final

from shared.postgres.lock import Connection

_LOCK: Final = 4_711_000_021
# Functions without side effects, those that check rights of their own, and what drivers call when they connect.
_HARMLESS: Final = (
    "clock_timestamp",
    "currval",
    "gen_random_uuid",
    "lastval",
    "nextval",
    "pg_is_in_recovery",
    "random",
    "random_normal",
    "set_config",
    "setseed",
    "setval",
    "timeofday",
    "uuidv4",
    "uuidv7",
)
_HIDDEN_COLUMNS: Final = ("relpages", "reltuples", "relallvisible", "relallfrozen")  # of pg_class

# Volatile functions that SQL can call, and stable ones that report activity.
_CLOSED: Final = r"""
select p.oid::regprocedure::text from pg_proc p
where p.pronamespace = 'pg_catalog'::regnamespace and not 'internal'::regtype = any (p.proargtypes)
  and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
  and (p.provolatile = 'v' and p.proname <> all ($1) or p.provolatile = 's' and p.proname ~ any (array[
    '^pg_stat_', '^txid_', '^pg_current_(snapshot|xact_id)', '^pg_get_replication_slots$']))
  and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) where grantee = 0)
order by 1
"""
_PUBLIC_READS_CLASS: Final = """
select exists (select from pg_class c, aclexplode(c.relacl) where c.oid = 'pg_class'::regclass and grantee = 0)
"""
_SHOWN_COLUMNS: Final = """
select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
where attrelid = 'pg_class'::regclass and attname <> all ($1)
"""
_OTHER_DATABASES: Final = """
select datname from pg_database
where datname in ('postgres', 'template1')
  and exists (select from aclexplode(coalesce(datacl, acldefault('d', datdba))) where grantee = 0)
"""


async def restrict_catalog(connection: Connection, roles: Iterable[str]) -> None:
    """Revoke from PUBLIC what tells of other roles' work or disturbs it; `roles` keep it. For a superuser.

    Calling it again changes nothing.
    """
    keep = ", ".join(f'"{role}"' for role in roles)
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        functions = ", ".join(row[0] for row in await connection.fetch(_CLOSED, _HARMLESS))
        if functions:
            await connection.execute(f"grant execute on function {functions} to {keep}")
            await connection.execute(f"revoke execute on function {functions} from public")
        if await connection.fetchval(_PUBLIC_READS_CLASS):
            columns = await connection.fetchval(_SHOWN_COLUMNS, _HIDDEN_COLUMNS)
            await connection.execute(f"grant select on pg_catalog.pg_class to {keep}")
            await connection.execute("revoke select on pg_catalog.pg_class from public")
            await connection.execute(f"grant select ({columns}) on pg_catalog.pg_class to public")


async def close_other_databases(connection: Connection) -> None:
    """Let PUBLIC into no database that every server has: locks and large objects are there too. For a superuser."""
    for row in await connection.fetch(_OTHER_DATABASES):
        await connection.execute(f"revoke all on database {row['datname']} from public")
