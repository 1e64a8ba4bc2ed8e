"""Facts and buckets of the NPS family on a real PostgreSQL server do not depend on order and batches."""

import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.nps import store
from services.nps.decode import decode
from services.nps.facts import FeedbackFact
from shared.contracts.event import Event, encode_event
from shared.contracts.event_types import EVENT_TYPES
from shared.dead_letters import DeadLetterCipher, Rejected
from shared.keys import Key
from shared.person import decode_person
from shared.postgres.commit import StoreCommit
from shared.postgres.pool import make_pool
from shared.record import PlainRecord
from shared.registers import Registers, load_folder
from tests.by_county import commit_by_county
from tests.product import SAMPLE, Database
from tests.store.registers import replace_registers

START = datetime(2026, 3, 1, 10, tzinfo=UTC)
CIPHER = DeadLetterCipher([Key("l1", b"x" * 32)])
RESPONSE_WINDOW = timedelta(hours=336)


@pytest.fixture(scope="module")
def registers() -> Registers:
    return load_folder(SAMPLE / "config")


@pytest.fixture
async def pool(database: Database, registers: Registers) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    pool = await make_pool(database.dsn("hva_nps"), "test")
    async with pool.acquire() as connection:
        await replace_registers(connection, registers)
    yield pool
    await pool.close()


def record(stem: str, revision: int = 1, time: datetime = START, **data: Any) -> PlainRecord:
    """A canonical record as ingest writes it."""
    name = f"fi.hva.{stem}.v1"
    model = EVENT_TYPES[name].model.model_validate({"revision": revision, **data})
    event = Event("oma-hame", "urn:hva:oma-hame:palaute", f"{name}-{revision}-{data}", name, time, bytes(32), model)
    return PlainRecord("t", 0, 0, 0, None, encode_event(event))


def invited(id: str, revision: int = 1, at: datetime = START, **data: Any) -> PlainRecord:
    common = {"invitation_id": id, "unit": "keskus", "channel": "sms", "invited_at": at.isoformat(), "delivered": True}
    return record("feedback.invited", revision, **{**common, **data})


def answered(id: str, revision: int = 1, at: datetime = START, score: int = 9, **data: Any) -> PlainRecord:
    answers = [{"question": "recommend", "value": score}]
    common = {"response_id": id, "unit": "keskus", "channel": "sms", "answered_at": at.isoformat(), "answers": answers}
    return record("feedback.answered", revision, **{**common, **data})


def retracted(revision: int, **id: str) -> PlainRecord:
    return record("feedback.retracted", revision, **id)


def erased(client: str) -> PlainRecord:
    return record("client.erased", erasure_id=f"e-{client}", client=client)


class Store:
    """Applies records as the handlers do, in batches that the test chooses."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", registers: Registers) -> None:
        self.pool, self.registers = pool, registers

    async def feed(self, *records: PlainRecord) -> None:
        async def apply(connection: Any, county: str, facts: Sequence[FeedbackFact]) -> Any:
            return await store.apply(connection, county, facts, self.registers)

        facts = [decode(r, self.registers) for r in records]
        assert not [fact for fact in facts if isinstance(fact, Rejected)]
        await commit_by_county(StoreCommit("nps", self.pool, CIPHER, apply), facts)  # type: ignore[type-var]

    async def erase(self, *records: PlainRecord) -> None:
        events = [decode_person(r) for r in records]
        await commit_by_county(StoreCommit("nps", self.pool, CIPHER, store.apply_persons), events)  # type: ignore[type-var]

    async def fetch(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.pool.fetch(query)]

    async def rate(self, segment: str = "all") -> tuple[Any, ...] | None:
        rows = await self.fetch(
            "select delivered, answered from figures.response_rate where period = '2026-03' and scope_level = 'county' "
            f"and channel = 'all' and segment = '{segment}'"
        )
        return rows[0] if rows else None

    async def nps(self, segment: str = "all") -> tuple[Any, ...] | None:
        rows = await self.fetch(
            "select promoters, passives, detractors from figures.nps where period = '2026-03' "
            f"and scope_level = 'county' and channel = 'all' and segment = '{segment}'"
        )
        return rows[0] if rows else None


@pytest.fixture
def nps(pool: "asyncpg.Pool[asyncpg.Record]", registers: Registers) -> Store:
    return Store(pool, registers)


@pytest.mark.parametrize(
    ("shift", "expected"),
    [(timedelta(microseconds=-1), (1, 1)), (timedelta(0), (1, 0)), (timedelta(days=-400), (1, 1))],
)
async def test_answer_counts_within_14_days_of_the_invitation(
    nps: Store, shift: timedelta, expected: tuple[int, int]
) -> None:
    await nps.feed(answered("r", at=START + RESPONSE_WINDOW + shift, invitation_id="i", respondent="relative"))
    await nps.feed(invited("i"))
    assert await nps.rate() == expected


async def test_corrected_answer_moves_between_invitations(nps: Store) -> None:
    await nps.feed(invited("i"), invited("j", at=START + timedelta(days=1)), answered("r", invitation_id="i"))
    assert await nps.rate() == (2, 1)
    await nps.feed(answered("r", 2, invitation_id="j"))
    assert [a for (a,) in await nps.fetch("select answered from nps.invitation order by id")] == [False, True]
    await nps.feed(retracted(3, response_id="r"))
    assert (await nps.rate(), await nps.nps()) == ((2, 0), None)
    await nps.feed(answered("r", 4, invitation_id="i"))
    assert (await nps.rate(), await nps.nps()) == ((2, 1), (1, 0, 0))


async def test_response_inherits_the_client_of_its_invitation(nps: Store) -> None:
    client = "k1." + "A" * 22
    await nps.feed(answered("r", invitation_id="i"))
    assert (await nps.nps("unknown"), await nps.nps("other")) == ((1, 0, 0), None)
    await nps.feed(invited("i", client=client))
    assert (await nps.nps("unknown"), await nps.nps("other")) == (None, (1, 0, 0))
    await nps.feed(invited("i", 2))
    assert (await nps.nps("unknown"), await nps.nps("other")) == ((1, 0, 0), None)
    await nps.feed(invited("i", 3, client=client))
    await nps.feed(retracted(4, invitation_id="i"))
    assert (await nps.nps("unknown"), await nps.rate()) == ((1, 0, 0), None)


async def test_erasure_removes_past_and_future_facts_of_one_client(nps: Store) -> None:
    erased_client, other = "k1." + "A" * 22, "k1." + "B" * 22
    await nps.feed(
        invited("i", client=erased_client), answered("r", client=erased_client), answered("s", client=other, score=3)
    )
    await nps.feed(answered("inherits", invitation_id="i"))
    await nps.erase(erased(erased_client))
    assert (await nps.nps(), await nps.rate()) == ((1, 0, 1), None)
    assert await nps.nps("unknown") == (1, 0, 0)  # the response to the invitation stays, without a client
    await nps.feed(
        answered("r", 2, client=erased_client), answered("t", client=erased_client), answered("r", 1, client=other)
    )
    assert await nps.nps() == (1, 0, 1)
    left = await nps.fetch("select distinct own_client, client from nps.response order by 1")
    assert left == [(other, other), (None, None)]
    await nps.erase(erased(erased_client))
    assert await nps.nps() == (1, 0, 1)


async def test_equal_revisions_with_equal_digests_are_no_conflict(nps: Store) -> None:
    first, second = answered("r", score=9), answered("r", score=3, time=START + timedelta(hours=1))
    facts = [decode(r, nps.registers) for r in (first, second)]
    async with nps.pool.acquire() as connection, connection.transaction():
        once = await store.apply(connection, "oma-hame", facts, nps.registers)  # type: ignore[arg-type]
        again = await store.apply(connection, "oma-hame", facts[:1], nps.registers)  # type: ignore[arg-type]
    # `record` sets both digests to zeros, as if the content were equal. The event with the later time wins.
    assert (once.changed, once.conflicts, again.changed, again.conflicts) == (1, 0, 0, 0)
    assert await nps.nps() == (0, 0, 1)


def scenario() -> list[PlainRecord]:
    """Events that affect each other in every way that the family supports."""
    client, other = "k1." + "A" * 22, "k1." + "B" * 22
    return [
        *(invited(f"i{n}", at=START + timedelta(days=n), client=client if n % 2 else other) for n in range(4)),
        invited("i1", 2, unit="hml-ta", channel="web", client=other),
        invited("i2", 2, delivered=False),
        retracted(3, invitation_id="i3"),
        *(answered(f"r{n}", at=START + timedelta(days=n), invitation_id=f"i{n}", score=n + 6) for n in range(4)),
        answered("r0", 2, score=2, invitation_id="i1", unit="tauko"),
        answered("r1", 2, score=10, at=START + timedelta(days=40), invitation_id="i1"),
        retracted(2, response_id="r2"),
        answered("r2", 3, client=client, invitation_id="i0", respondent="relative"),
        answered("r3", 1, score=5, invitation_id="i3", unit="uusi"),
    ]


TABLES = ("invitation", "response", "feedback")
BUCKETS = ("answer", "response_count", "invitation_count", "feedback_count")


async def state(nps: Store) -> list[Any]:
    """All facts and all figures."""
    facts = [await nps.fetch(f"select * from nps.{table} order by id") for table in TABLES]
    views = ("nps", "response", "response_rate", "statement", "pei", "direct_feedback")
    return facts + [sorted(map(str, await nps.fetch(f"select * from figures.{view}"))) for view in views]


@pytest.mark.parametrize("seed", range(8))
async def test_order_duplicates_and_batches_do_not_matter(nps: Store, seed: int) -> None:
    rng = random.Random(seed)
    await nps.feed(*scenario())
    expected = await state(nps)
    async with nps.pool.acquire() as connection:
        tables = [*TABLES, *(f"{b}_{grain}" for b in BUCKETS for grain in ("day", "month"))]
        await connection.execute(";".join(f"delete from nps.{table}" for table in tables))

    events = scenario() + rng.sample(scenario(), 6)
    rng.shuffle(events)
    while events:
        size = rng.choice([1, 2, 5, 20])
        await nps.feed(*events[:size])
        events = events[size:]
    assert await state(nps) == expected


async def test_buckets_are_zero_when_everything_is_retracted(nps: Store) -> None:
    await nps.feed(*scenario())
    await nps.feed(*(retracted(9, response_id=f"r{n}") for n in range(4)))
    await nps.feed(*(retracted(9, invitation_id=f"i{n}") for n in range(4)))
    for measure, columns in (("answer", "a0+a1+a2+a3+a4+a5"), ("invitation_count", "delivered+answered")):
        for grain in ("day", "month"):
            assert await nps.fetch(f"select 1 from nps.{measure}_{grain} where {columns} <> 0") == []
    assert await nps.nps() is None
