"""Output of `hva figures` and `hva explain` with hostile ids: text is escaped, JSON and CSV are exact."""

import asyncio
import csv
import io
import json
import shutil
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from deploy.hva.__main__ import main
from deploy.hva.names import Lang, unit_names
from shared.postgres.registers import load
from shared.publication.protection import Protected
from shared.publication.publish import publish
from shared.publication.snapshot import CountyYear, Snapshot
from shared.registers import load_folder
from tests.product import SAMPLE, Database
from tests.store.fcr_harness import Store, contact

ID = "c1\nforged\x1b[31m\x9b\u2028\u202e[red]"
ESCAPED = r"c1\nforged\x1b[31m\x9b\u2028\u202e[red]"
LINE = "line\nforged\x1b[31m[red]"
CELL = ("county=oma-hame", "period=2026-03")
Verb = Callable[..., Awaitable[str]]


@pytest.fixture
def hva(
    fcr: Store, _family_database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Verb:
    """Runs a verb as the steward and returns its output."""
    monkeypatch.setenv("HVA_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setenv("HVA_POSTGRES_URL", _family_database.dsn("hva_steward"))

    async def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["hva", *arguments])
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(main)
        assert not ended.value.code
        return capsys.readouterr().out

    return run


async def test_contact_id_cannot_forge_a_line(fcr: Store, hva: Verb) -> None:
    await fcr.feed(contact(ID, line=LINE), contact("c2"))
    output = await hva("explain", "access", *CELL)
    assert not set("\x1b\x9b\u2028\u202e") & set(output)
    assert len([line for line in output.splitlines() if line.startswith(f"2026-03-02  contact {ESCAPED}  ")]) == 1
    assert not [line for line in output.splitlines() if line.startswith("forged")]
    facts = json.loads(await hva("explain", "access", *CELL, "--json"))["facts"]
    assert {fact["id"] for fact in facts} == {ID, "c2"}


async def test_codes_are_escaped_in_text_and_exact_in_json_and_csv(fcr: Store, hva: Verb) -> None:
    await fcr.feed(contact("c1", line=LINE), contact("c2"))
    arguments = ("figures", "access", "--exact", "--period", "2026-03", "--scope-level", "line", "--channel", "all")
    arguments = (*arguments, "--segment", "all")
    text = (await hva(*arguments)).splitlines()
    assert text[0].startswith("access: county oma-hame, period 2026-03, scope_level line, channel all, segment all, ")
    assert [line.split("  ")[0] for line in text[3:]] == [r"line\nforged\x1b[31m[red]", "terveys"]
    assert "100.0 %" in text[3] and "≤ 0.5 min" in text[3]
    assert {row["scope"] for row in json.loads(await hva(*arguments, "--json"))} == {LINE, "terveys"}
    rows = list(csv.DictReader(io.StringIO(await hva(*arguments, "--csv"), newline="")))
    assert [(row["scope"], row["answered_share"], row["wait_p50"]) for row in rows] == [
        (LINE, "1.0", "30.0"),
        ("terveys", "1.0", "30.0"),
    ]


async def test_units_are_printed_with_names(fcr: Store, hva: Verb) -> None:
    await fcr.feed(contact("c1"))
    arguments = ("figures", "fcr", "--exact", "--period", "2026-03", "--scope-level", "unit", "--channel", "all")
    assert "scope Yksikkö keskus, " in await hva(*arguments)
    assert "scope Enhet keskus, " in await hva(*arguments, "--lang", "sv")
    assert "scope keskus, " in await hva(*arguments, "--codes")


def all_hidden(snapshot: Snapshot) -> Protected:
    """Hide every row, as for a county with very few clients."""
    return Protected(snapshot.cells, snapshot.cells.keys(), [])


async def test_hidden_row_is_printed_as_hidden(fcr: Store, hva: Verb, _family_database: Database) -> None:
    await fcr.feed(*(contact(f"c{n}") for n in range(3)))
    family = await asyncpg.connect(_family_database.dsn("hva_fcr"))
    try:
        await publish(family, "fcr", CountyYear("oma-hame", 2026), datetime(2026, 4, 1, tzinfo=UTC), all_hidden)
    finally:
        await family.close()
    arguments = ("figures", "digital", "--period", "2026-03", "--scope-level", "county", "--segment", "all")
    text = await hva(*arguments)
    assert text.splitlines()[-1] == "1 row hidden: fewer than 5, or hidden to protect another."
    assert text.splitlines()[-2].split() == ["hidden"] * 5
    (row,) = json.loads(await hva(*arguments, "--json"))
    assert row["suppressed"] and row["phone"] is None
    assert "`hva publish` publishes" in await hva("figures", "nps", "--period", "1999")


async def test_unit_name_is_the_one_of_today(fcr: Store, _family_database: Database, tmp_path: Path) -> None:
    folder, tomorrow = tmp_path / "config", date.today() + timedelta(days=1)
    shutil.copytree(SAMPLE / "config", folder)
    units = folder / "units.csv"
    future_row = f"oma-hame,uusi,Tuleva,Framtida,Future,ensilinja,asiakasohjaus,sote,forssa,false,{tomorrow},\n"
    units.write_text(
        units.read_text().replace("forssa,false,2026-02-10,\n", f"forssa,false,2026-02-10,{tomorrow}\n{future_row}")
    )
    connection = await asyncpg.connect(_family_database.dsn("hva_fcr"))
    try:
        await load(connection, load_folder(folder))
        names = await unit_names(_family_database.dsn("hva_steward"), Lang.EN)
    finally:
        await load(connection, load_folder(SAMPLE / "config"))
        await connection.close()
    assert names["oma-hame", "uusi"] == "Unit uusi"
    assert names["oma-hame", "suljettu"] == "Unit suljettu"
