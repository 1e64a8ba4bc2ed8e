"""What ingest remembers of merges that it told: in memory, in the table, and by how many."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime

import asyncpg
import pytest

from services.ingest import publish as publishing
from services.ingest.aliases import Alias, merge_of
from services.ingest.announced_aliases import AnnouncedAliases
from services.ingest.decode import Accepted
from shared.contracts.catalogue import CONTACT
from shared.edge.produce import Outgoing
from shared.postgres.pool import make_pool
from tests.product import Database
from tests.store.dead_letters import SEALER

KIND = "fi.hva.contact.recorded.v1"
ONE, TWO, THREE = (Alias("oma-hame", f"k1.{sign * 22}", f"k2.{sign * 22}") for sign in "abc")


@pytest.fixture
async def pool(database: Database) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    pool = await make_pool(database.dsn("hva_ingest"), "test")
    yield pool
    await pool.close()


async def test_it_is_told_until_it_is_remembered(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    told = AnnouncedAliases(pool)
    assert await told.not_announced([ONE, TWO, ONE]) == [ONE, TWO]
    assert await told.not_announced([ONE, TWO]) == [ONE, TWO]  # Kafka did not acknowledge
    await told.remember([ONE, TWO])
    assert await told.not_announced([ONE, TWO, THREE]) == [THREE]
    await AnnouncedAliases(pool).remember([TWO, THREE])  # another replica told the same
    assert await told.not_announced([ONE, TWO, THREE]) == []


async def test_what_kafka_did_not_acknowledge_is_told_again(
    pool: "asyncpg.Pool[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[list[Outgoing]] = []

    async def acknowledge(producer: object, records: Iterable[Outgoing]) -> None:
        written.append(list(records))
        if len(written) == 1:
            raise ConnectionError

    monkeypatch.setattr(publishing, "publish", acknowledge)
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
    commit = publishing.PublishCommit(None, pool, SEALER, "p.", pytest.fail)  # type: ignore[arg-type]
    with pytest.raises(ConnectionError):
        await commit.publish([event])
    await commit([event, event], [])
    await commit([event], [])
    merge = Outgoing("p.hva.person.v1", *merge_of(ONE))
    told = Outgoing("p.hva.contact.v1", b"c1", b"{}")
    assert written == [[merge], [merge], [told, told], [told]]


async def test_a_table_that_cannot_be_written_now_repeats_no_merge(
    pool: "asyncpg.Pool[asyncpg.Record]", database: Database
) -> None:
    settings = {"default_transaction_read_only": "on"}
    async with asyncpg.create_pool(database.dsn("hva_ingest"), min_size=1, server_settings=settings) as read_only:
        told = AnnouncedAliases(read_only)
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await told.remember([ONE])
        assert await told.not_announced([ONE, TWO]) == [TWO]
        told._pool = pool
    await told.remember([TWO])
    assert await AnnouncedAliases(pool).not_announced([ONE, TWO, THREE]) == [THREE], "both are written now"


async def test_a_restart_and_a_full_memory_forget_nothing(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await AnnouncedAliases(pool).remember([ONE, TWO, THREE])
    told = AnnouncedAliases(pool, max_in_memory=2)
    for _ in range(2):
        assert await told.not_announced([ONE, TWO]) == await told.not_announced([THREE]) == []


async def test_who_is_remembered_is_not_asked_for_again(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    told = AnnouncedAliases(pool)
    await told.remember([ONE])
    await told.not_announced([TWO])
    await pool.close()
    assert await told.not_announced([ONE]) == []


async def test_the_table_shows_no_pseudonym(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await AnnouncedAliases(pool).remember([ONE])
    (row,) = await pool.fetch("select * from ingest.announced_merge")
    assert list(row.values()) == [ONE.merge_id] and "aaaaa" not in ONE.merge_id
