"""Unit rows that views join: loaded by the first service, and not damaged by services with older registers."""

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
from shared.dead_letters import DeadLetterCipher
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
def without_sensitive(tmp_path: Path) -> Registers:
    """The registers without the sensitive unit."""
    folder = Path(shutil.copytree(CONFIG, tmp_path / "config"))
    lines = (folder / "units.csv").read_text().splitlines(keepends=True)
    (folder / "units.csv").write_text("".join(line for line in lines if f",{SENSITIVE}," not in line))
    return load_folder(folder)


async def rows(connection: Any, key: int) -> list[tuple[Any, ...]]:
    found = await connection.fetch(
        "select name_fi, name_sv, name_en, sensitive, current from reference.unit_row where key = $1", key
    )
    return [tuple(row) for row in found]


async def test_added_gap_row_does_not_change_the_stored_row(connection: Any, registers: Registers) -> None:
    await load(connection, registers)
    gap = gap_row(COUNTY, SENSITIVE)
    named = (f"Yksikkö {SENSITIVE}", f"Enhet {SENSITIVE}", f"Unit {SENSITIVE}", True)
    assert (gap.name_fi, gap.sensitive) == ("", False)
    await add_unit_rows(connection, [gap])
    assert await rows(connection, gap.key) == [(*named, True)]


async def test_added_gap_row_does_not_change_the_row_of_a_removed_unit(
    connection: Any, registers: Registers, without_sensitive: Registers
) -> None:
    await load(connection, registers)
    await load(connection, without_sensitive)
    gap = gap_row(COUNTY, SENSITIVE)
    await add_unit_rows(connection, [gap])
    ((*_, sensitive, current),) = await rows(connection, gap.key)
    assert (sensitive, current) == (True, False)


async def test_unknown_gap_row_is_added_with_its_scopes(connection: Any, without_sensitive: Registers) -> None:
    await load(connection, without_sensitive)
    gap = gap_row(COUNTY, SENSITIVE)
    await add_unit_rows(connection, [gap, gap_row(COUNTY, "never")])
    assert await rows(connection, gap.key) == [("", "", "", False, False)]
    scopes = "select scope_level, scope from reference.unit_scope where unit_row = $1"
    assert {tuple(row) for row in await connection.fetch(scopes, gap.key)} == set(gap.scopes)


async def test_unit_that_returns_is_named_and_sensitive_again(
    connection: Any, registers: Registers, without_sensitive: Registers
) -> None:
    await load(connection, without_sensitive)
    gap = gap_row(COUNTY, SENSITIVE)
    await add_unit_rows(connection, [gap])
    assert await load(connection, registers)
    ((name, *_, sensitive, current),) = await rows(connection, gap.key)
    assert (name, sensitive, current) == (f"Yksikkö {SENSITIVE}", True, True)
    assert not await load(connection, registers), "a second load changes nothing"


async def test_superseded_version_is_not_loaded_at_start(
    connection: Any, registers: Registers, without_sensitive: Registers
) -> None:
    assert [await load(connection, version) for version in (registers, without_sensitive, registers)] == [
        True,
        True,
        False,
    ]
    assert await current_version(connection) == without_sensitive.version


async def test_superseded_version_can_replace_the_current_one(
    connection: Any, registers: Registers, without_sensitive: Registers
) -> None:
    for version in (registers, without_sensitive):
        await load(connection, version)
    newest = without_sensitive.versioned({**without_sensitive.versions, "registers": "newest"})
    assert await load(connection, newest, replaces=without_sensitive.version)
    assert not await load(connection, registers, replaces=without_sensitive.version), (
        "the version to replace is not current"
    )
    assert await load(connection, registers, replaces="newest"), "the folder was changed back"
    assert await current_version(connection) == registers.version
    assert not await load(connection, newest), "it is superseded"


async def test_service_reports_that_its_registers_are_outdated(
    database: Database, registers: Registers, without_sensitive: Registers, tmp_path: Path
) -> None:
    registry, pool = CollectorRegistry(), await make_pool(database.dsn("hva_nps"), "test")
    runtime = Runtime(
        settings=Settings("nps", "", "", CONFIG, tmp_path),
        registers=registers,
        cipher=DeadLetterCipher([Key("l1", b"x" * 32)]),
        pseudonym_keys=(),
        logger=logging.getLogger("test-registers"),
        registry=registry,
        metrics=PipelineMetrics("nps", registry),
        health=Health(()),
    )
    runtime.background = pool
    compare = compare_registers(runtime)

    async def reported(current: Registers, own: Registers) -> tuple[float | None, float | None, bool]:
        async with pool.acquire() as connection:
            await load(connection, current, replaces=await current_version(connection))
        runtime.registers = own
        await compare()
        info = registry.get_sample_value("hva_registers_info", {"version": own.version})
        return (
            info,
            registry.get_sample_value("hva_registers_outdated"),
            "register_version" in runtime.health.warnings(),
        )

    assert await reported(registers, registers) == (1, 0, False)
    assert await reported(without_sensitive, registers) == (1, 1, True)
    assert await reported(without_sensitive, without_sensitive) == (1, 0, False)
    assert registry.get_sample_value("hva_registers_info", {"version": registers.version}) is None
    await pool.close()


async def test_operator_lists_versions_and_forces_one(
    connection: Any,
    database: Database,
    registers: Registers,
    without_sensitive: Registers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for version in (registers, without_sensitive):
        await load(connection, version)
    monkeypatch.setenv("HVA_KAFKA_BOOTSTRAP", "none:1")
    monkeypatch.setenv("HVA_POSTGRES_URL", database.dsn("hva_steward"))
    monkeypatch.setenv("HVA_CONFIG_DIR", str(CONFIG))

    async def command(*arguments: str) -> Any:
        return await asyncio.to_thread(CliRunner().invoke, build(), ["registers", *arguments])

    assert isinstance((await command("load")).exception, VerbError)
    assert await current_version(connection) == without_sensitive.version
    listed = orjson.loads((await command("versions", "--json")).stdout)
    assert [(row["version"], row["database"], row["folder"]) for row in listed] == [
        (without_sensitive.version, True, False),
        (registers.version, False, True),
    ]
    assert (await command("load", "--force")).exit_code == 0
    assert await current_version(connection) == registers.version
    assert "already" in (await command("load")).stdout
