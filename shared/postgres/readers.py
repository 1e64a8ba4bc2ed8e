"""Roles that read the published figures of one county. Row security shows each of them the rows of its county only.

A policy names its county as a constant. If it looked the county up, the plan of a query would reveal rows of others.
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
    """The role that reads a county. Raises ValueError if that is not a county code."""
    if not _COUNTY.fullmatch(county):
        raise ValueError(f"{county!r} is not a county code")
    return f"hva_reader_{county.replace('-', '_')}"


async def remember(connection: Connection, county: str) -> None:
    """Store the role of a county: every migration grants its rights."""
    await connection.execute(_REMEMBER, reader_role(county), county)


async def grant_readers(connection: Connection) -> None:
    """Grant each stored role the rows of its county in all current tables. Needs the owner of schema `report`."""
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
