"""The rows of units that views join: loaded by whoever comes first, and added to without harm by who is behind."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner

from deploy.hva.__main__ import build
from deploy.hva.context import VerbError
from shared.dead_letters import Sealer
from shared.edge.reload import compare_registers
from shared.edge.runtime import Runtime
from shared.health import Health
from shared.keys import Key
from shared.metrics import PipelineMetrics
from shared.postgres.pool import make_pool
from shared.postgres.registers import add_unit_rows, current_version, load
from shared.registers import Registers, load_folder
from shared.registers.units import gap_row
from shared.settings import Settings
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
    tombstone = gap_row(COUNTY, SENSITIVE)
    named = (f"Yksikkö {SENSITIVE}", f"Enhet {SENSITIVE}", f"Unit {SENSITIVE}", True)
    assert (tombstone.name_fi, tombstone.sensitive) == ("", False)
    await add_unit_rows(connection, [tombstone])
    assert await rows(connection, tombstone.key) == [(*named, True)]


async def test_neither_when_its_unit_has_left_the_registers(
    connection: Any, registers: Registers, without: Registers
) -> None:
    await load(connection, registers)
    await load(connection, without)
    tombstone = gap_row(COUNTY, SENSITIVE)
    await add_unit_rows(connection, [tombstone])
    ((*_, sensitive, current),) = await rows(connection, tombstone.key)
    assert (sensitive, current) == (True, False)


async def test_a_row_that_nobody_knows_is_added_with_its_scopes(connection: Any, without: Registers) -> None:
    await load(connection, without)
    tombstone = gap_row(COUNTY, SENSITIVE)
    await add_unit_rows(connection, [tombstone, gap_row(COUNTY, "never")])
    assert await rows(connection, tombstone.key) == [("", "", "", False, False)]
    scopes = "select scope_level, scope from reference.unit_scope where unit_row = $1"
    assert {tuple(row) for row in await connection.fetch(scopes, tombstone.key)} == set(tombstone.scopes)


async def test_what_comes_back_has_names_and_protection_again(
    connection: Any, registers: Registers, without: Registers
) -> None:
    await load(connection, without)
    tombstone = gap_row(COUNTY, SENSITIVE)
    await add_unit_rows(connection, [tombstone])
    assert await load(connection, registers)
    ((name, *_, sensitive, current),) = await rows(connection, tombstone.key)
    assert (name, sensitive, current) == (f"Yksikkö {SENSITIVE}", True, True)
    assert not await load(connection, registers), "who comes second changes nothing"


async def test_a_superseded_version_does_not_come_back_at_a_start(
    connection: Any, registers: Registers, without: Registers
) -> None:
    assert [await load(connection, one) for one in (registers, without, registers)] == [True, True, False]
    assert await current_version(connection) == without.version


async def test_a_superseded_version_comes_back_in_the_place_of_the_current_one(
    connection: Any, registers: Registers, without: Registers
) -> None:
    for one in (registers, without):
        await load(connection, one)
    newest = without.versioned({**without.versions, "registers": "newest"})
    assert await load(connection, newest, replaces=without.version)
    assert not await load(connection, registers, replaces=without.version), "a service that is behind itself"
    assert await load(connection, registers, replaces="newest"), "the folder was changed back"
    assert await current_version(connection) == registers.version
    assert not await load(connection, newest), "it is superseded now"


async def test_a_service_says_that_the_database_holds_other_registers(
    database: Database, registers: Registers, without: Registers, tmp_path: Path
) -> None:
    registry, pool = CollectorRegistry(), await make_pool(database.dsn("hva_nps"), "test")
    runtime = Runtime(
        settings=Settings("nps", "", "", CONFIG, tmp_path),
        registers=registers,
        sealer=Sealer([Key("l1", b"x" * 32)]),
        pseudonym_keys=(),
        logger=logging.getLogger("test-registers"),
        registry=registry,
        metrics=PipelineMetrics("nps", registry),
        health=Health(()),
    )
    runtime.pool = pool
    compare = compare_registers(runtime)

    async def seen(current: Registers, ours: Registers) -> tuple[float | None, float | None, bool]:
        async with pool.acquire() as one:
            await load(one, current, replaces=await current_version(one))
        runtime.registers = ours
        await compare()
        info = registry.get_sample_value("hva_registers_info", {"version": ours.version})
        return (
            info,
            registry.get_sample_value("hva_registers_outdated"),
            "register_version" in runtime.health.warnings(),
        )

    assert await seen(registers, registers) == (1, 0, False)
    assert await seen(without, registers) == (1, 1, True)
    assert await seen(without, without) == (1, 0, False)
    assert registry.get_sample_value("hva_registers_info", {"version": registers.version}) is None
    await pool.close()


async def test_an_operator_lists_and_forces_versions(
    connection: Any, database: Database, registers: Registers, without: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in (registers, without):
        await load(connection, one)
    monkeypatch.setenv("HVA_KAFKA_BOOTSTRAP", "none:1")
    monkeypatch.setenv("HVA_POSTGRES_URL", database.dsn("hva_steward"))
    monkeypatch.setenv("HVA_CONFIG_DIR", str(CONFIG))

    async def command(*arguments: str) -> Any:
        return await asyncio.to_thread(CliRunner().invoke, build(), ["registers", *arguments])

    assert isinstance((await command("load")).exception, VerbError)
    assert await current_version(connection) == without.version
    listed = orjson.loads((await command("versions", "--json")).stdout)
    assert [(row["version"], row["database"], row["folder"]) for row in listed] == [
        (without.version, True, False),
        (registers.version, False, True),
    ]
    assert (await command("load", "--force")).exit_code == 0
    assert await current_version(connection) == registers.version
    assert "already" in (await command("load")).stdout
