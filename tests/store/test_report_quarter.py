"""`hva report` from registers, published figures, what people say, a closing and late answers."""

import asyncio
import csv
import io
import json
import re
import shutil
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import jsonschema
import pytest
from typer.testing import CliRunner

from deploy.hva.__main__ import build
from shared.registers import load_folder
from tests.product import ROOT, SAMPLE, Database
from tests.store.closing import COUNTY, Closing, steward_of
from tests.store.registers import replace_registers
from tests.store.test_nps_store import START, Store, answered, nps, pool, registers

__all__ = ["nps", "pool", "registers"]

NARROW = "\N{NARROW NO-BREAK SPACE}"
NAMES = """key,code,name_fi,name_sv,name_en
county,oma-hame,Oma Häme,Egentliga Tavastland,Kanta-Häme
service_area,ensilinja,Oma ensilinja,Egen första linje,
"""
KEY_RESULTS = """
objectives:
  - {id: kokemus, name_fi: Hyvä kokemus, name_sv: En god upplevelse, name_en: A good experience}
key_results:
  - &first
    {id: suositus, objective: kokemus, name_fi: Suosittelu kasvaa, name_sv: Fler rekommenderar, name_en: More promoters,
     metric: nps.score, scope: {county: oma-hame}, direction: increase, target: 5, target_mode: points,
     baseline: {period: 2025Q4}, margin: 1, owner: Johto, valid_period: {from: 2025-10-01}}
  - &share
    {<<: *first, id: apu, name_fi: Apu, metric: statement.top1, target_mode: absolute, target: 0.9,
     scope: {county: oma-hame, question: thl_help}}
  - {<<: *share, id: hyoty, name_fi: Hyöty, scope: {county: oma-hame, question: useful}}
  - {<<: *share, id: helppous, name_fi: Helppous, scope: {county: oma-hame, question: easy_contact}}
"""
LAST_QUARTER = START - timedelta(days=90)

Verb = Callable[..., Awaitable[Any]]


@pytest.fixture
def verb(database: Database, monkeypatch: pytest.MonkeyPatch) -> Verb:
    """Runs `hva`, which must succeed."""
    monkeypatch.setenv("HVA_KAFKA_BOOTSTRAP", "none:1")
    monkeypatch.setenv("HVA_POSTGRES_URL", database.dsn("hva_steward"))

    async def run(*words: str, text: str | None = None) -> str:
        result = await asyncio.to_thread(CliRunner().invoke, build(), list(words), input=text)
        assert result.exit_code == 0, result.output
        return result.output

    return run


async def fill(nps: Store, folder: Path) -> None:
    """Registers with names and key results. Answers of two quarters: 160 and 200. Few to two questions:
    20 and 4."""
    shutil.copytree(SAMPLE / "config", folder)
    (folder / "key_results.yaml").write_text(KEY_RESULTS, encoding="utf-8")
    (folder / "names.csv").write_text(NAMES, encoding="utf-8")
    async with nps.pool.acquire() as connection:
        await replace_registers(connection, load_folder(folder))
    await nps.feed(
        *(answered(f"b{n}", at=LAST_QUARTER, score=n % 11) for n in range(160)),
        *(answered(f"r{n}", score=10 - n % 7) for n in range(200)),
        *(answered(f"u{n}", answers=[{"question": "useful", "value": 5 - n % 2}]) for n in range(20)),
        *(answered(f"e{n}", answers=[{"question": "easy_contact", "value": 5}]) for n in range(4)),
    )


@pytest.fixture
async def report(nps: Store, database: Database, verb: Verb, tmp_path: Path) -> Callable[[str], Awaitable[str]]:
    """The text of the report in a format, in Finnish: of a closed quarter in which a late answer came."""
    await fill(nps, tmp_path / "config")
    steward = await steward_of(database)
    closing = Closing(database, ["nps"], steward)
    await closing.publish(COUNTY, 2025)
    await verb("narrative", "2026Q1", "--objective", "kokemus", "--lang", "fi", "--file", "-", text="**Hyvä** vuosi.")
    await verb("status-of", "suositus", "2026Q1", "--as", "planned", "--by", "asiakkuusjohtaja")
    await closing.close("2026Q1")
    await nps.feed(*(answered(f"late{n}", score=0) for n in range(20)))
    await closing.publish(COUNTY, 2026)
    await steward.close()
    await verb("report", "2026Q1", "--county", COUNTY, "--out", str(tmp_path))

    async def read(suffix: str) -> str:
        text = (tmp_path / f"report-{COUNTY}-2026Q1-fi.{suffix}").read_text(encoding="utf-8")
        return text.replace(NARROW, " ")

    return read


async def test_json_has_what_the_views_have(report: Callable[[str], Awaitable[str]], database: Database) -> None:
    content = json.loads(await report("json"))
    schema = json.loads((ROOT / "deploy/report/report.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(content)
    (objective,) = content["objectives"]
    found = {one["id"]: one for one in objective["key_results"]}
    connection = await asyncpg.connect(database.dsn("hva_reader"))
    row = await connection.fetchrow(
        "select * from report.key_result where period = '2026Q1' and id = 'suositus' and period_kind = 'quarter'"
    )
    own = await connection.fetchrow(
        "select * from report.nps where period = '2026Q1' and scope_level = 'county' and channel = 'all' "
        "and segment = 'all'"
    )
    await connection.close()
    result = found["suositus"]
    assert result["actual"]["number"] == own["score"] == row["actual"]
    assert (result["interval"]["number"], result["interval"]["high"]) == (own["score_low"], own["score_high"])
    assert result["target"]["number"] == pytest.approx(result["baseline"]["number"] + 5)
    assert (result["status"], result["status_by"], result["margin"], result["low_n"]) == (
        *("planned", "asiakkuusjohtaja", 1.0),
        False,
    )
    assert found["hyoty"]["low_n"] and not found["hyoty"]["actual"]["reason"]
    assert found["helppous"]["actual"]["reason"] == "hidden" and not found["helppous"]["low_n"]
    assert found["apu"]["actual"]["reason"] == "missing"
    months = [point["value"]["number"] for point in result["trend"]["points"]]
    assert len(months) == 13 and months[-1] == result["actual"]["number"]
    restated = [one for one in content["restatements"] if one["view"] == "key_result" and one["column"] == "actual"]
    assert {(one["keys"]["id"], *one["causes"]) for one in restated} == {("suositus", "late")}
    assert restated[0]["now"] == result["actual"]


async def test_page_says_all_of_it_in_words(report: Callable[[str], Awaitable[str]]) -> None:
    page = re.sub(r"\s+", " ", re.sub(r"<(?!br)[^>]*>", " ", (await report("html")).split("<body>")[1]))
    for words in (
        "Oma Häme Tavoitteiden raportti 2026, 1. vuosineljännes",
        "1. painos, suljettu",
        "(lukujen vastuuhenkilö)",
        "Tilannearvio: Työ edistyy suunnitellusti (asiakkuusjohtaja,",
        "Sallittu poikkeama 1,0 pistettä",
        "Hyöty ○ Tilannearvio: Arviota ei ole annettu Toteuma 50,0 % *",
        "Helppous ○ Tilannearvio: Arviota ei ole annettu Toteuma piilotettu",
        "Apu ○ Tilannearvio: Arviota ei ole annettu Toteuma ei tietoja",
        "Hyvä vuosi. lukujen vastuuhenkilö,",
        "Suosittelu kasvaa: Toteuma",
        "saapui myöhässä",
        "Oma ensilinja",
    ):
        assert words in page, words
    assert "Suositteluindeksi (NPS): Vastauksia 200 220 saapui myöhässä" in page


async def test_markdown_and_csv_have_the_same(report: Callable[[str], Awaitable[str]]) -> None:
    markdown = await report("md")
    assert "> **Hyvä** vuosi." in markdown and "Suosittelu kasvaa: Toteuma" in markdown
    lines = list(csv.DictReader(io.StringIO(await report("csv"))))
    found = {(line["section"], line["id"], line["column"]): line for line in lines if line["section"] == "key_result"}
    assert found["key_result", "hyoty", "actual"]["low_n"] == "True"
    assert found["key_result", "helppous", "actual"]["reason"] == "hidden"
    assert found["key_result", "suositus", "interval"]["high"]
