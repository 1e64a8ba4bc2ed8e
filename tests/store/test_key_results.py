"""`report.key_result`: the register of key results against published rows."""

import asyncio
from datetime import date
from typing import Any

import asyncpg
import orjson
import pytest
from typer.testing import CliRunner

from deploy.hva.__main__ import build
from deploy.hva.statements import Quarter, add_narrative, add_status
from deploy.report import LANGUAGES, read_report, render_html
from tests.product import Database

COUNTY = "oma-hame"


async def publish_fcr(owner: Any, period: str, gross: float | None, *, suppressed: bool = False) -> None:
    await owner.execute(
        "insert into report.fcr (county, period_kind, period, scope_level, scope, channel, segment, gross, state, "
        "suppressed, low_n, published_at) values ($1, 'quarter', $2, 'county', $1, 'all', 'all', $3, 'final', $4, "
        "false, now())",
        COUNTY,
        period,
        gross,
        suppressed,
    )


async def test_known_answer_of_a_relative_target(owner: Any, database: Database) -> None:
    await publish_fcr(owner, "2026Q1", 0.38)
    reader = await asyncpg.connect(database.dsn("hva_reader"))
    query = "select * from report.key_result where period = '2026Q1' and id = 'ensilinja-loppuun-asti'"
    row = await reader.fetchrow(query)
    await reader.close()
    assert (row["baseline"], row["target"], row["actual"], row["met"]) == (0.36, 0.36 * 1.1, 0.38, False)
    assert row["change_points"] == pytest.approx(2.0)
    assert row["change_relative"] == pytest.approx(5.56, abs=0.005)
    assert row["progress"] == pytest.approx(0.556, abs=0.0005)


async def test_figures_verb_prints_key_results(owner: Any, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await publish_fcr(owner, "2026Q1", 0.38)
    await publish_fcr(owner, "2026Q2", None, suppressed=True)
    monkeypatch.setenv("HVA_KAFKA_BOOTSTRAP", "none:1")
    monkeypatch.setenv("HVA_POSTGRES_URL", database.dsn("hva_steward"))

    async def run(*words: str) -> Any:
        return await asyncio.to_thread(CliRunner().invoke, build(), ["figures", "key_result", *words])

    chosen = ("--county", COUNTY, "--where", "id=ensilinja-loppuun-asti")
    shown = (await run(*chosen, "--lang", "en", "--period", "2026Q1")).stdout
    for cell in ("10 % more of clients' matters", "36.0 %", "39.6 %", "38.0 %", "+2.00", "+5.56 %", "55.6 %", "no"):
        assert cell in shown
    assert "hidden" in (await run(*chosen, "--period", "2026Q2")).stdout
    (row,) = orjson.loads((await run(*chosen, "--period", "2026Q1", "--json")).stdout)
    assert (row["actual"], row["scope"]["scope_level"], row["status"]) == (0.38, "county", None)
    assert "ensilinja-hyodyllinen" in (await run("--period", "2026", "--csv")).stdout
    assert "No key results" in (await run("--period", "2024Q1")).stdout
    for words in (["--scope", "x"], ["--exact"], ["--period", "x"], ["--columns", "id"]):
        assert (await run(*words)).exit_code == 2


async def test_report_has_key_results_and_what_people_say(owner: Any, database: Database) -> None:
    await publish_fcr(owner, "2026Q1", 0.38)
    steward = await asyncpg.connect(database.dsn("hva_steward"))
    quarter = Quarter("2026Q1", date(2026, 1, 1), date(2026, 4, 1))
    comment = "Luokittelu tarkentui."
    await add_status(steward, COUNTY, "ensilinja-loppuun-asti", quarter, "challenges", "ohjausryhmä", comment)
    await add_narrative(steward, COUNTY, "ensikontakti", quarter, "fi", "johtaja", "**Painopiste** oli chatissa.")
    await steward.close()
    reader = await asyncpg.connect(database.dsn("hva_reader"))
    report = await read_report(reader, COUNTY, "2026Q1")
    await reader.close()
    assert report.objectives
    assert [objective.id for objective in report.objectives] == ["ensikontakti", "yhdessa"]
    first = report.objectives[0]
    result = next(result for result in first.key_results if result.id == "ensilinja-loppuun-asti")
    assert (result.actual.number, result.target.number, result.status) == (0.38, 0.36 * 1.1, "challenges")
    assert (result.status_by, result.comment, result.met) == ("ohjausryhmä", comment, False)
    assert [narrative.said_by for narrative in first.narratives] == ["johtaja"]
    for language in LANGUAGES:
        page = render_html(report, language)
        assert comment in page
        assert "<strong>Painopiste</strong>" in page
