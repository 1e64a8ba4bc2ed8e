"""Merges of pseudonyms that ingest has announced: remembered in memory and in a table that replicas share."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime

import asyncpg
import pytest

from services.ingest import publish as publishing
from services.ingest.aliases import Alias, merge_of
from services.ingest.announced_aliases import AnnouncedAliases
from services.ingest.validate import Accepted
from shared.contracts.catalogue import CONTACT
from shared.edge.produce import Outgoing
from shared.postgres.pool import make_pool
from tests.product import Database
from tests.store.dead_letters import CIPHER

KIND = "fi.hva.contact.recorded.v1"
ONE, TWO, THREE = (Alias("oma-hame", f"k1.{sign * 22}", f"k2.{sign * 22}") for sign in "abc")


@pytest.fixture
async def pool(database: Database) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    pool = await make_pool(database.dsn("hva_ingest"), "test")
    yield pool
    await pool.close()


async def test_merge_is_announced_until_it_is_remembered(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    announced = AnnouncedAliases(pool)
    assert await announced.not_announced([ONE, TWO, ONE]) == [ONE, TWO]
    assert await announced.not_announced([ONE, TWO]) == [ONE, TWO]  # not remembered: Kafka did not acknowledge
    await announced.remember([ONE, TWO])
    assert await announced.not_announced([ONE, TWO, THREE]) == [THREE]
    await AnnouncedAliases(pool).remember([TWO, THREE])  # another replica announced the same merge
    assert await announced.not_announced([ONE, TWO, THREE]) == []


async def test_merge_without_acknowledgement_is_announced_again(
    pool: "asyncpg.Pool[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[list[Outgoing]] = []

    async def publish(producer: object, records: Iterable[Outgoing]) -> None:
        written.append(list(records))
        if len(written) == 1:
            raise ConnectionError

    monkeypatch.setattr(publishing, "publish", publish)
    event = Accepted(
        CONTACT.name,
        b"c1",
        b"{}",
        "oma-hame",
        "s",
        KIND,
        "contact",
        0,
        datetime.now(UTC),
        (ONE,),
    )
    commit = publishing.PublishCommit(None, pool, CIPHER, "p.", pytest.fail)  # type: ignore[arg-type]
    with pytest.raises(ConnectionError):
        await commit.publish([event])
    await commit([event, event], [])
    await commit([event], [])
    merge = Outgoing("p.hva.person.v1", *merge_of(ONE))
    contact = Outgoing("p.hva.contact.v1", b"c1", b"{}")
    assert written == [[merge], [merge], [contact, contact], [contact]]


async def test_merge_is_not_repeated_while_the_table_is_read_only(
    pool: "asyncpg.Pool[asyncpg.Record]", database: Database
) -> None:
    settings = {"default_transaction_read_only": "on"}
    async with asyncpg.create_pool(database.dsn("hva_ingest"), min_size=1, server_settings=settings) as read_only:
        announced = AnnouncedAliases(read_only)
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await announced.remember([ONE])
        assert await announced.not_announced([ONE, TWO]) == [TWO]
        announced._pool = pool
    await announced.remember([TWO])
    assert await AnnouncedAliases(pool).not_announced([ONE, TWO, THREE]) == [THREE], "both are stored now"


async def test_merges_are_remembered_after_restart_and_with_full_memory(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await AnnouncedAliases(pool).remember([ONE, TWO, THREE])
    announced = AnnouncedAliases(pool, max_in_memory=2)
    for _ in range(2):
        assert await announced.not_announced([ONE, TWO]) == await announced.not_announced([THREE]) == []


async def test_remembered_merge_needs_no_query(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    announced = AnnouncedAliases(pool)
    await announced.remember([ONE])
    await announced.not_announced([TWO])
    await pool.close()
    assert await announced.not_announced([ONE]) == []


async def test_table_contains_no_pseudonym(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await AnnouncedAliases(pool).remember([ONE])
    (row,) = await pool.fetch("select * from ingest.announced_merge")
    assert list(row.values()) == [ONE.merge_id] and "aaaaa" not in ONE.merge_id
