"""A database of the previous version is migrated and keeps its data under the new names."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from shared.postgres import migrate as migrating
from shared.postgres.bootstrap import ROLES, bootstrap, dsn_for
from shared.postgres.migrate import migrate, migration_names
from tests.product import SERVICES, Database

PREVIOUS_MIGRATIONS = {
    *("0001_reference.sql", "0002_figures.sql", "0003_period.sql"),
    *("0000_dead_letter.sql", "0001_replay.sql", "0002_replay_from_kafka.sql"),
    *("0001_facts.sql", "0001_told_merge.sql", "0002_next_membership.sql"),
}


@pytest.fixture
async def previous(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """DSN of a database of the previous version, as hva_migrate."""
    name, password = f"{database.name}_previous", "test-only"
    await bootstrap(database.admin, dict.fromkeys(ROLES, password), name)
    dsn = dsn_for(database.admin, name, "hva_migrate", password)
    all_migrations = migrating._migrations

    async def nothing(*_: Any) -> bool:
        return False

    with monkeypatch.context() as patched:
        patched.setattr(
            migrating,
            "_migrations",
            lambda part: [file for file in all_migrations(part) if file.name in PREVIOUS_MIGRATIONS],
        )
        patched.setattr(migrating, "_apply_views", nothing)
        patched.setattr(migrating, "_grant", nothing)
        patched.setattr(migrating, "grant_readers", nothing)
        await migrate(dsn, SERVICES)
    yield dsn
    admin = await asyncpg.connect(database.admin)
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


BEFORE = """
insert into nps.dead_letter (topic, "partition", "offset", recorded_at, sealed, payload_bytes, truncated, reason,
  detail, register_version) values ('t', 0, 7, now(), '', 0, false, 'schema', '', '');
insert into fcr.replay (mends, asked_at, begun_at) values (true, '2026-01-01', '2026-01-02');
insert into fcr.contact (county, id, rank, retracted, segment, abandoned, planned, transfers, counted, handled,
  repeatable, awaits, callback_same_day, over_at)
  values ('oma-hame', 'c', '', false, 'unknown', false, false, 0, true, false, true, true, false,
    '2026-03-04 05:06:07Z');
insert into fcr.stale (county, period_kind, period, mark, counted) values ('oma-hame', 'month', '2026-03', 5, 4);
insert into nps.refold (county, version, registers, place) values ('oma-hame', 'v', 'r', 2);
insert into segments.care_day values ('oma-hame', '2026-03-02', 1, 'a', 'visit', 3, 2);
insert into segments.next_membership values ('oma-hame', 1, '2026-01-01', '2026-02-01');
insert into ingest.told_merge values ('key-rotation-x');
insert into reference.key_result (id, place, name_fi, name_sv, name_en, spec) values ('k', 3, '', '', '', '{}');
"""
AFTER = {
    'select id, "offset" from nps.dead_letter': (1, 7),
    "select repairs, requested_at < started_at from fcr.replay": (True, True),
    "select awaiting_response, extract(second from effective_end)::int from fcr.contact": (True, 7),
    "select change_number, computed_number from fcr.stale": (5, 4),
    "select table_index from nps.refold": (2,),
    "select event_class, events from segments.care_day": ("visit", 3),
    "select person from segments.staged_membership": (1,),
    "select merge_id from ingest.announced_merge": ("key-rotation-x",),
    "select position from reference.key_result": (3,),
}


async def test_database_of_the_previous_version_keeps_its_data(previous: str) -> None:
    connection = await asyncpg.connect(previous)
    try:
        await connection.execute(BEFORE)
        await migrate(previous, SERVICES)
        assert {query: tuple(await connection.fetchrow(query)) for query in AFTER} == AFTER
    finally:
        await connection.close()


@pytest.mark.parametrize("part", ["reference", *SERVICES])
def test_migrations_of_a_part_have_unique_names(part: str) -> None:
    names = migration_names(part)
    assert len(set(names)) == len(names)
