"""Roles that read the published figures of one county. Row security gives each the rows of its county only.

A policy names its county: one that looks the county up would show, in the plan of a query, what rows of others hold.
"""

import re
from typing import Final

from shared.postgres.lock import Connection

_COUNTY: Final = re.compile("[a-z0-9-]{1,48}")
_REMEMBER: Final = """
insert into migration.reader (role, county) values ($1, $2) on conflict (role) do nothing
"""
_TABLES: Final = """
select relname from pg_class where relnamespace = 'report'::regnamespace and relkind = 'r' order by relname
"""


def reader_role(county: str) -> str:
    """The role that reads a county. Raises ValueError where that is no county code."""
    if not _COUNTY.fullmatch(county):
        raise ValueError(f"{county!r} is no county code")
    return f"hva_reader_{county.replace('-', '_')}"


async def remember(connection: Connection, county: str) -> None:
    """Remember the role of a county: it gets its rights now and after later migrations."""
    await connection.execute(_REMEMBER, reader_role(county), county)


async def grant_readers(connection: Connection) -> None:
    """Let every role of a county read its rows, in all tables there are now; as the owner of schema `report`."""
    tables = [row["relname"] for row in await connection.fetch(_TABLES)]
    for reader in await connection.fetch("select role, county from migration.reader order by role"):
        role, county = reader["role"], reader["county"]
        await connection.execute(f"grant usage on schema report to {role}")
        await connection.execute(f"grant select on all tables in schema report to {role}")
        for table in tables:
            await connection.execute(f"drop policy if exists {role} on report.{table}")
            await connection.execute(
                f"create policy {role} on report.{table} for select to {role} using (county = '{county}')"
            )
