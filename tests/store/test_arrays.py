"""Fast arrays say the same as asyncpg's own, for every type that is sent."""

import struct
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.failure import Failure, classify
from shared.postgres.arrays import use_fast_arrays
from tests.product import Database

INSTANTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=600)
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "bytea": st.binary(max_size=600),
    "smallint": st.integers(-(2**15), 2**15 - 1),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "text": TEXTS,
    "date": st.dates(date(1, 1, 1), date(9999, 12, 31)),
    "timestamptz": INSTANTS,
    "jsonb": st.sampled_from(['{"a": [1, "ä"]}', "[]", '"x"', "null"]),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_sent_is_what_arrives(database: Database, kind: str) -> None:
    fast, usual = [await asyncpg.connect(database.dsn("hva_nps")) for _ in range(2)]
    await use_fast_arrays(fast)
    query = f"select value from unnest($1::{kind}[]) with ordinality sent(value, place) order by place"

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(values=st.lists(st.none() | KINDS[kind], max_size=20) | st.lists(KINDS[kind], max_size=20))
    def drawn(values: list[Any]) -> None:
        cases.append(values)

    cases: list[list[Any]] = [[], [None]]
    drawn()
    try:
        for values in cases:
            of_fast, of_usual = [[row["value"] for row in await c.fetch(query, values)] for c in (fast, usual)]
            assert of_fast == of_usual
            assert of_usual == values or kind == "jsonb"
    finally:
        await fast.close()
        await usual.close()


@pytest.mark.parametrize(
    ("kind", "values", "cause"),
    [
        ("bigint", [2**63], OverflowError),
        ("bigint", [2**63, None], struct.error),
        ("bigint", ["x"], TypeError),
        ("bigint", ["x", None], ValueError),
        ("smallint", [2**15], OverflowError),
        ("text", [5], TypeError),
        ("text", ["\ud800"], UnicodeEncodeError),
        ("date", ["2026-03-02"], AttributeError),
        ("timestamptz", [datetime(2026, 3, 2)], TypeError),
    ],
)
async def test_a_value_that_does_not_fit_is_refused(
    database: Database, kind: str, values: list[Any], cause: type[Exception]
) -> None:
    """asyncpg makes one error of it, and that is ours: a dead letter comes of it, nobody tries for ever."""
    connection = await asyncpg.connect(database.dsn("hva_nps"))
    await use_fast_arrays(connection)
    try:
        with pytest.raises(asyncpg.DataError) as refused:
            await connection.fetch(f"select * from unnest($1::{kind}[])", values)
        assert isinstance(refused.value.__cause__, cause)
        assert classify(refused.value) is Failure.BUG
        assert await connection.fetchval("select 1") == 1
    finally:
        await connection.close()


async def test_a_text_that_cannot_be_stored_is_refused(database: Database) -> None:
    """U+0000 is text to Python and to the wire; PostgreSQL says no, and that is ours as well."""
    connection = await asyncpg.connect(database.dsn("hva_nps"))
    await use_fast_arrays(connection)
    try:
        with pytest.raises(asyncpg.CharacterNotInRepertoireError) as refused:
            await connection.fetch("select * from unnest($1::text[])", ["a\0b"])
        assert classify(refused.value) is Failure.BUG
    finally:
        await connection.close()
