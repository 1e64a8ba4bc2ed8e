"""Fast arrays transfer the same values as the encoder of asyncpg, for every type that is sent."""

import struct
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest
from hypothesis import given, settings
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
async def test_values_arrive_as_sent(database: Database, kind: str) -> None:
    fast, standard = [await asyncpg.connect(database.dsn("hva_nps")) for _ in range(2)]
    await use_fast_arrays(fast)
    query = f"select value from unnest($1::{kind}[]) with ordinality sent(value, position) order by position"

    @settings(max_examples=30)
    @given(values=st.lists(st.none() | KINDS[kind], max_size=20) | st.lists(KINDS[kind], max_size=20))
    def collect(values: list[Any]) -> None:
        cases.append(values)

    cases: list[list[Any]] = [[], [None]]
    collect()
    try:
        for values in cases:
            by_fast, by_standard = [[row["value"] for row in await c.fetch(query, values)] for c in (fast, standard)]
            assert by_fast == by_standard
            assert by_standard == values or kind == "jsonb"
    finally:
        await fast.close()
        await standard.close()


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
async def test_value_of_wrong_type_or_range_is_refused(
    database: Database, kind: str, values: list[Any], cause: type[Exception]
) -> None:
    """asyncpg raises DataError, classified as our bug: the record becomes a dead letter and is not retried."""
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


async def test_text_with_null_character_is_refused(database: Database) -> None:
    """Python and the encoder accept U+0000, PostgreSQL does not. This is classified as our bug, too."""
    connection = await asyncpg.connect(database.dsn("hva_nps"))
    await use_fast_arrays(connection)
    try:
        with pytest.raises(asyncpg.CharacterNotInRepertoireError) as refused:
            await connection.fetch("select * from unnest($1::text[])", ["a\0b"])
        assert classify(refused.value) is Failure.BUG
    finally:
        await connection.close()
