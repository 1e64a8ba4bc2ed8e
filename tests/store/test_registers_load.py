"""The rows of units that views join: loaded by whoever comes first, and added to without harm by who is behind."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.postgres.pool import make_pool
from shared.registers import Registers, load_folder
from shared.registers.load import add_unit_rows, load
from shared.registers.units import gap_row
from tests.product import SAMPLE, Database

CONFIG = SAMPLE / "config"
COUNTY = "oma-hame"
SENSITIVE = "paihde"


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Any]:
    pool = await make_pool(database.dsn("hva_nps"), "test")
    async with pool.acquire() as connection:
        yield connection
    await pool.close()


@pytest.fixture
def registers() -> Registers:
    return load_folder(CONFIG)


@pytest.fixture
def without(tmp_path: Path) -> Registers:
    """The registers when the sensitive unit has left them."""
    folder = Path(shutil.copytree(CONFIG, tmp_path / "config"))
    lines = (folder / "units.csv").read_text().splitlines(keepends=True)
    (folder / "units.csv").write_text("".join(line for line in lines if f",{SENSITIVE}," not in line))
    return load_folder(folder)


async def rows(connection: Any, key: int) -> list[tuple[Any, ...]]:
    found = await connection.fetch(
        "select name_fi, name_sv, name_en, sensitive, current from reference.unit_row where key = $1", key
    )
    return [tuple(row) for row in found]


async def test_a_row_that_is_added_for_its_key_takes_nothing_from_the_stored_one(
    connection: Any, registers: Registers
) -> None:
    await load(connection, registers)
    bare = gap_row(COUNTY, SENSITIVE)
    named = (f"Yksikkö {SENSITIVE}", f"Enhet {SENSITIVE}", f"Unit {SENSITIVE}", True)
    assert (bare.name_fi, bare.sensitive) == ("", False)
    await add_unit_rows(connection, [bare])
    assert await rows(connection, bare.key) == [(*named, True)]


async def test_neither_when_its_unit_has_left_the_registers(
    connection: Any, registers: Registers, without: Registers
) -> None:
    await load(connection, registers)
    await load(connection, without)
    bare = gap_row(COUNTY, SENSITIVE)
    await add_unit_rows(connection, [bare])
    ((*_, sensitive, current),) = await rows(connection, bare.key)
    assert (sensitive, current) == (True, False)


async def test_a_row_that_nobody_knows_is_added_with_its_scopes(connection: Any, without: Registers) -> None:
    await load(connection, without)
    bare = gap_row(COUNTY, SENSITIVE)
    await add_unit_rows(connection, [bare, gap_row(COUNTY, "never")])
    assert await rows(connection, bare.key) == [("", "", "", False, False)]
    scopes = "select scope_level, scope from reference.unit_scope where unit_row = $1"
    assert {tuple(row) for row in await connection.fetch(scopes, bare.key)} == set(bare.scopes)


async def test_what_comes_back_has_names_and_protection_again(
    connection: Any, registers: Registers, without: Registers
) -> None:
    await load(connection, without)
    bare = gap_row(COUNTY, SENSITIVE)
    await add_unit_rows(connection, [bare])
    assert await load(connection, registers)
    ((name, *_, sensitive, current),) = await rows(connection, bare.key)
    assert (name, sensitive, current) == (f"Yksikkö {SENSITIVE}", True, True)
    assert not await load(connection, registers), "who comes second changes nothing"
