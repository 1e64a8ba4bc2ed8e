"""`hva status-of` and `hva narrative`: what people say is added, never changed, and refused where it is wrong."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from typer.testing import CliRunner

from deploy.hva.__main__ import build
from deploy.hva.context import VerbError
from deploy.hva.statement_text import MAX_COMMENT, MAX_NARRATIVE
from shared.postgres.registers import load
from shared.registers import load_folder
from tests.product import ROOT, Database
from tests.store.readers import make_reader, session
from tests.unit.register_cases import copy_registers

HETU = "131052-308T"  # the population register's example of a code
RESULT, OBJECTIVE, COUNTY = "monialainen-nps", "yhdessa", "oma-hame"
Verb = Callable[..., Awaitable[Any]]

TWO_COUNTIES = """
objectives: [{id: o}, {id: free}]
key_results:
  - &first
    {id: k, objective: o, metric: nps.score, scope: {county: oma-hame}, direction: reach, target: 60,
     target_mode: absolute, valid_period: {from: 2026-01-01, to: 2026-04-01}}
  - {<<: *first, scope: {county: pirha}, valid_period: {from: 2026-01-01, to: 2027-01-01}}
"""


@pytest.fixture
async def steward(database: Database) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(database.dsn("hva_steward"))
    await load(connection, load_folder(ROOT / "deploy" / "config"))
    yield connection
    await connection.close()


@pytest.fixture
def verb(steward: Any, database: Database, monkeypatch: pytest.MonkeyPatch) -> Verb:
    """Runs `hva`; the result of the runner."""
    monkeypatch.setenv("HVA_KAFKA_BOOTSTRAP", "none:1")
    monkeypatch.setenv("HVA_POSTGRES_URL", database.dsn("hva_steward"))

    async def run(*words: str, text: str | None = None) -> Any:
        return await asyncio.to_thread(CliRunner().invoke, build(), list(words), input=text)

    return run


def say(status: str = "support", by: str = "kehitysjohtaja", quarter: str = "2026Q1", id: str = RESULT) -> list[str]:
    return ["status-of", id, quarter, "--as", status, "--by", by]


def write(file: Path | str, quarter: str = "2026Q1", objective: str = OBJECTIVE, lang: str = "fi") -> list[str]:
    return ["narrative", quarter, "--objective", objective, "--lang", lang, "--file", str(file)]


async def test_newest_status_counts_and_all_are_kept(verb: Verb, steward: Any, tmp_path: Path) -> None:
    comment = tmp_path / "c.txt"
    comment.write_bytes("\ufeffVastauksia on vähän.\r\nKesken.\r\n".encode())
    first = await verb(*say("planned"), "--json")
    assert first.exit_code == 0, first.output
    assert orjson.loads(first.stdout)[0].items() >= {"county": COUNTY, "text": "planned", "comment": None}.items()
    second = await verb(*say("challenges", "  ohjausryhmä "), "--comment-file", str(comment))
    assert f"{COUNTY} 2026Q1 {RESULT}: challenges (ohjausryhmä, " in second.stdout
    row = await steward.fetchrow("select * from report.key_result where id = $1 and period = '2026Q1'", RESULT)
    assert (row["status"], row["status_by"]) == ("challenges", "ohjausryhmä")
    others = "select count(status) from report.key_result where not (id = $1 and period = '2026Q1')"
    assert await steward.fetchval(others, RESULT) == 0
    history = orjson.loads((await verb("status-of", RESULT, "2026Q1", "--history", "--json")).stdout)
    assert [(each["text"], each["comment"]) for each in history] == [
        ("challenges", "Vastauksia on vähän.\nKesken."),
        ("planned", None),
    ]
    assert row["status_at"].isoformat() == history[0]["said_at"]
    assert "Nothing was said" in (await verb("status-of", RESULT, "2026Q2", "--history")).stdout


async def test_order_does_not_depend_on_the_clock(verb: Verb, steward: Any) -> None:
    await steward.execute(
        "insert into report.key_result_status (county, id, quarter, status, said_by, said_at) "
        "values ($1, $2, '2026Q1', 'planned', 'x', '2199-01-01')",
        COUNTY,
        RESULT,
    )
    assert (await verb(*say("support"))).exit_code == 0
    query = "select status from report.key_result where id = $1 and period = '2026Q1'"
    assert await steward.fetchval(query, RESULT) == "support"


async def test_narratives_are_kept_by_language(verb: Verb, steward: Any) -> None:
    for lang, text in (("fi", "**Vanha**"), ("sv", "Ny"), ("fi", "# Uusi\n\n- a\n")):
        assert (await verb(*write("-", lang=lang), text=text)).exit_code == 0
    query = "select language, text, said_by from report.narrative where county = $1 and objective = $2 order by said_at"
    assert [tuple(row) for row in await steward.fetch(query, COUNTY, OBJECTIVE)] == [
        ("fi", "**Vanha**", "steward"),
        ("sv", "Ny", "steward"),
        ("fi", "# Uusi\n\n- a", "steward"),
    ]
    shown = (await verb("narrative", "2026Q1", "--objective", OBJECTIVE, "--lang", "fi", "--history")).stdout
    assert shown.index("# Uusi") < shown.index("**Vanha**")
    assert "Ny" not in shown


@pytest.mark.parametrize("table", ["key_result_status", "narrative"])
async def test_statements_cannot_be_changed(verb: Verb, steward: Any, table: str, database: Database) -> None:
    await verb(*say())
    await verb(*write("-"), text="x")
    for statement in ("update report.{} set said_by = 'y'", "delete from report.{}", "truncate report.{}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await steward.execute(statement.format(table))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (say(id="nps"), "There is no key result nps: there are ensilinja-loppuun-asti, "),
        (write("-", objective="x"), "There is no objective x: there are ensikontakti, yhdessa."),
        (say(quarter="2199Q4"), "2199Q4 has not begun: something can be said of it from 2199-10-01 on."),
        (write("-", quarter="2199Q4"), "2199Q4 has not begun"),
        (say(quarter="2025Q4"), f"2025Q4 is outside the valid period of {RESULT}, 2026-01-01 to 2027-01-01."),
        (write("-", quarter="2025Q4"), "2025Q4 is outside the valid periods of the key results of yhdessa."),
        ([*say(), "--county", "pirha"], f"Key result {RESULT} is not of county pirha: it is of oma-hame."),
        ([*write("-"), "--county", "pirha"], "Objective yhdessa is not of county pirha: it is of oma-hame."),
        (say(by=f"N.N. {HETU}"), "There is a personal identity code in --by: remove it."),
        ([*say(), "--comment-file", "/nowhere"], "The file of --comment-file cannot be read: No such file"),
        ([*say(), "--comment-file", "/tmp"], "The file of --comment-file cannot be read: Is a directory"),
    ],
)
async def test_refusals_are_one_sentence_and_store_nothing(
    verb: Verb, steward: Any, words: list[str], sentence: str
) -> None:
    result = await verb(*words, text="teksti")
    assert isinstance(result.exception, VerbError)
    assert sentence in str(result.exception)
    assert HETU not in str(result.exception)
    assert await steward.fetchval("select count(*) from report.key_result_status") == 0
    assert await steward.fetchval("select count(*) from report.narrative") == 0


@pytest.mark.parametrize(
    "words",
    [
        say(quarter="2026"),
        say(quarter="2026Q5"),
        say(quarter="2026q1"),
        say(status="good"),
        say(by=" "),
        say(by="a\nb"),
        write("-", lang="se"),
        ["status-of", RESULT, "2026Q1"],
        ["narrative", "2026Q1", "--objective", OBJECTIVE],
        [*say(), "--history"],
    ],
)
async def test_wrong_usage(verb: Verb, words: list[str]) -> None:
    assert (await verb(*words, text="x")).exit_code == 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (f"Asiakas {HETU} kertoi".encode(), "There is a personal identity code in --file: remove it."),
        ("(131052\u2013308t)".encode(), "There is a personal identity code in --file: remove it."),
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        ("ä".encode("latin-1"), "is not UTF-8"),
        ("teksti".encode("utf-16"), "is not UTF-8"),
        (b"a\0b", "has control characters"),
        (b"\x1b[31mred", "has control characters"),
        (b"x" * (MAX_NARRATIVE + 1), f"has more than {MAX_NARRATIVE} characters"),
        ("😀".encode() * (MAX_NARRATIVE + 1), f"has more than {MAX_NARRATIVE} characters"),
        (b"x" * 50_000_000, f"has more than {MAX_NARRATIVE} characters"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_text_is_checked(verb: Verb, steward: Any, tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "text.md").write_bytes(content)
    result = await verb(*write(tmp_path / "text.md"))
    assert isinstance(result.exception, VerbError)
    assert sentence in str(result.exception)
    assert "131052" not in result.output + str(result.exception)
    assert await steward.fetchval("select count(*) from report.narrative") == 0


async def test_longest_texts_are_accepted(verb: Verb, tmp_path: Path) -> None:
    for words, option, limit in ((say(), "--comment-file", MAX_COMMENT), (write("x")[:-2], "--file", MAX_NARRATIVE)):
        (tmp_path / "text").write_text("€" * limit, encoding="utf-8")
        assert (await verb(*words, option, str(tmp_path / "text"))).exit_code == 0


async def test_county_is_needed_where_several_have_the_id(verb: Verb, steward: Any, tmp_path: Path) -> None:
    folder = copy_registers(tmp_path)
    (folder / "key_results.yaml").write_text(TWO_COUNTIES, encoding="utf-8")
    await load(steward, load_folder(folder))
    for words in (say(id="k"), write("-", objective="o"), write("-", objective="free")):
        result = await verb(*words, text="x")
        assert "oma-hame, pirha: choose one with --county." in str(result.exception)
        assert (await verb(*words, "--county", "pirha", text="x")).exit_code == 0
    for county, stored in (("oma-hame", False), ("pirha", True)):  # each by its own valid period
        for words in (say(id="k", quarter="2026Q2"), write("-", objective="o", quarter="2026Q2")):
            assert ((await verb(*words, "--county", county, text="x")).exit_code == 0) is stored
    rows = await steward.fetch("select county, status from report.key_result where period = '2026Q1' order by county")
    assert [tuple(row) for row in rows] == [("oma-hame", None), ("pirha", "support")]


async def test_reader_of_a_county_sees_its_own_key_results_only(
    verb: Verb, steward: Any, database: Database, tmp_path: Path
) -> None:
    folder = copy_registers(tmp_path)
    (folder / "key_results.yaml").write_text(
        TWO_COUNTIES.replace("{id: o}", "{id: o}, {id: theirs}")
        + "  - {<<: *first, id: t, objective: theirs, scope: {county: pirha}}\n",
        encoding="utf-8",
    )
    await load(steward, load_folder(folder))
    for county in ("oma-hame", "pirha"):
        await verb(*say(id="k"), "--county", county)
        await verb(*write("-", objective="free"), "--county", county, text=county)
    role = await make_reader(database, "oma-hame")
    async with session(database, role) as reader:
        for name in ("key_result", "key_result_period", "key_result_status", "narrative"):
            assert {row["county"] for row in await reader.fetch(f"select county from report.{name}")} == {"oma-hame"}
        assert [row["id"] for row in await reader.fetch("select id from report.objective order by position")] == [
            "o",
            "free",
        ]
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.fetch("select * from reference.key_result")
    async with session(database, "hva_reader") as reader:
        assert len(await reader.fetch("select distinct county from report.key_result")) == 2
