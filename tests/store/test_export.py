"""`hva export thl` on a published database: every line against a recomputation from the answers themselves."""

import asyncio
import csv
import io
import random
import shutil
import sys
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from deploy.hva.__main__ import main
from deploy.hva.export import COLUMNS
from shared.publication.publish import publish
from shared.publication.snapshot import CountyYear
from shared.record import PlainRecord
from shared.registers import Registers, load_folder
from tests.product import SAMPLE, Database
from tests.store.readers import make_reader
from tests.store.test_nps_store import Store, nps, pool, record
from tests.store.test_publication import family

__all__ = ["family", "nps", "pool"]

COUNTY, OTHER_COUNTY = "oma-hame", "pirha"
ODD_UNIT = 'yksikkö, "B"\nrivi'
SERVICE_AREAS = {"keskus": "ensilinja", "forssa-ta": "avosairaanhoito", "paihde": "-", ODD_UNIT: 'alue, "A"'}
QUESTIONS = ("thl_help", "useful", "oma, kysymys", '=HYPERLINK("x")')
NOW = datetime(2025, 5, 4, 9, tzinfo=UTC)
Result = tuple[int | str, str, str]
"""Exit code or message, standard output, standard error."""
Lines = dict[tuple[str, ...], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as the test fed it."""

    county: str
    unit: str
    at: datetime  # at noon, so that the local date is the date
    respondent: str
    answers: dict[str, int]


@pytest.fixture(scope="module")
def registers(tmp_path_factory: pytest.TempPathFactory) -> Registers:
    folder = tmp_path_factory.mktemp("registers") / "config"
    shutil.copytree(SAMPLE / "config", folder)
    with (folder / "units.csv").open("a", newline="", encoding="utf-8") as units:
        csv.writer(units).writerow(
            [COUNTY, ODD_UNIT, "a", "b", "c", SERVICE_AREAS[ODD_UNIT], *[""] * 3, "false", "", ""]
        )
    return load_folder(folder)


def answers() -> list[Answer]:
    """Many answers, few of one question in one month, and some that no line may count.

    Few answers hide others in turn, so that a publication of this size would show little if there were more of them.
    """
    r = random.Random(1)
    sizes = {(unit, month): 45 for unit in SERVICE_AREAS for month in (1, 2, 3)}
    sizes |= {("keskus", 4): 20}
    del sizes["forssa-ta", 1]
    found = []
    for (unit, month), size in sizes.items():
        for n in range(size):
            at = datetime(2025, month, 1 + n % 28, 10, tzinfo=UTC)
            scores = {question: r.randint(0 if question.startswith("thl") else 1, 5) for question in QUESTIONS}
            few = (unit, month) == (ODD_UNIT, 3) and n > 5
            given = {question: score for question, score in scores.items() if not (few and question == QUESTIONS[-1])}
            respondent = "relative" if n % 9 == 8 else "client"
            found.append(Answer(COUNTY, unit, at, respondent, {"recommend": r.randint(0, 10), **given}))
    return found


def recomputed(fed: list[Answer]) -> dict[tuple[str, ...], Counter[str]]:
    """The counts of each line of 2025Q1: (county, unit, period, question) -> numbers by column."""
    found: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for answer in fed:
        if answer.respondent != "client" or answer.at.month > 3:
            continue
        for period in (f"2025-{answer.at.month:02}", "2025Q1"):
            for question, value in answer.answers.items():
                found[answer.county, answer.unit, period, question].update(columns(question, value))
    return found


def columns(question: str, value: int) -> list[str]:
    if question == "recommend":
        return ["n", "promoters" if value >= 9 else "passives" if value >= 7 else "detractors"]
    return ["not_applicable"] if value == 0 else ["n", f"c{value}"]


async def feed(nps: Store, fed: list[Answer]) -> None:
    def response(n: int, answer: Answer) -> PlainRecord:
        given = [{"question": question, "value": value} for question, value in answer.answers.items()]
        common = {"response_id": f"r{n}", "unit": answer.unit, "channel": "web", "respondent": answer.respondent}
        return record("feedback.answered", **common, answered_at=answer.at.isoformat(), answers=given)

    await nps.feed(*(response(n, answer) for n, answer in enumerate(fed)))


@pytest.fixture
def hva(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Awaitable[Result]]:
    """Runs `hva export thl` as a role, by default as the reader."""
    monkeypatch.setenv("HVA_KAFKA_BOOTSTRAP", "127.0.0.1:1")

    async def run(*arguments: str, role: str = "hva_reader") -> Result:
        monkeypatch.setenv("HVA_POSTGRES_URL", database.dsn(role))
        monkeypatch.setattr(sys, "argv", ["hva", "export", "thl", *arguments])
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(main)
        shown = capsys.readouterr()
        return ended.value.code or 0, shown.out, " ".join(shown.err.replace("│", " ").split())

    return run


def parse(text: str) -> Lines:
    """(county, unit, period, question) -> line by column."""
    assert text.endswith("\r\n")
    header, *lines = csv.reader(io.StringIO(text, newline=""))
    assert tuple(header) == COLUMNS
    rows = [dict(zip(COLUMNS, line, strict=True)) for line in lines]
    found = {(row["county"], row["unit"], row["period"], row["question"].removeprefix("'")): row for row in rows}
    assert len(found) == len(rows) and list(found) == sorted(found)
    return found


async def test_lines_are_the_recomputed_counts_or_hidden(nps: Store, family: Any, hva: Any) -> None:
    fed = answers()
    await feed(nps, fed)
    assert await publish(family, "nps", CountyYear(COUNTY, 2025), NOW)
    code, out, _ = await hva("2025Q1", "--county", COUNTY)
    lines, expected = parse(out), recomputed(fed)
    assert code == 0 and lines.keys() == expected.keys()
    numbers = COLUMNS[COLUMNS.index("n") : -1]
    hidden = {key for key, line in lines.items() if line["suppressed"] == "true"}
    for key, line in lines.items():
        assert line["service_area"] == SERVICE_AREAS[key[1]]
        of_question = ("n", "promoters", "passives", "detractors") if key[3] == "recommend" else numbers[:7]
        shown = {name: "" if key in hidden or name not in of_question else str(expected[key][name]) for name in numbers}
        assert {name: line[name] for name in numbers} == shown, key
        assert line["suppressed"] in ("true", "false")
    small = {key for key, counts in expected.items() if counts["n"] + counts["not_applicable"] < 10}
    assert small and small < hidden and len(hidden) < len(lines) / 2
    assert lines[COUNTY, "keskus", "2025-01", '=HYPERLINK("x")']["question"] == '\'=HYPERLINK("x")'


async def test_file_is_the_same_each_time(nps: Store, family: Any, hva: Any, tmp_path: Any) -> None:
    await feed(nps, answers()[:60])
    await publish(family, "nps", CountyYear(COUNTY, 2025), NOW)
    _, out, _ = await hva("2025Q1")
    await publish(family, "nps", CountyYear(COUNTY, 2025), NOW + timedelta(days=1))
    file = tmp_path / "thl.csv"
    code, shown, _ = await hva("2025Q1", "--out", str(file))
    assert (code, file.read_bytes()) == (0, out.encode())
    assert shown == f"Wrote {len(parse(out))} lines and the header to {file}.\n"
    code, shown, _ = await hva("2025Q1", "--out", str(tmp_path / "missing" / "thl.csv"))
    assert (code, shown) == ("The export could not be written: No such file or directory.", "")


async def test_notes_say_what_the_file_lacks(nps: Store, family: Any, hva: Any) -> None:
    nothing = "Nothing of 2025Q1 is published: run `hva publish --period 2025Q1`."
    assert await hva("2025Q1") == (nothing, "", "")
    assert await publish(family, "nps", CountyYear(COUNTY, 2025), datetime(2025, 3, 31, 20, tzinfo=UTC))
    code, out, notes = await hva("2025Q1")
    assert (code, parse(out)) == (0, {})
    assert f"Nothing of 2025Q1 is published of {OTHER_COUNTY}: run" in notes
    assert f"2025Q1 of {COUNTY} was published before the quarter ended: it will change." in notes
    assert "No unit has answers in 2025Q1: the file has a header only." in notes
    assert (await hva("2025Q2"))[0] == nothing.replace("Q1", "Q2")
    assert await publish(family, "nps", CountyYear(COUNTY, 2025), datetime(2025, 3, 31, 21, tzinfo=UTC))
    assert "before the quarter ended" not in (await hva("2025Q1"))[2]


async def test_county_is_one_that_the_reader_sees(nps: Store, family: Any, hva: Any, database: Database) -> None:
    for county in (COUNTY, OTHER_COUNTY):
        await publish(family, "nps", CountyYear(county, 2025), NOW)
    code, out, error = await hva("2025Q1", "--county", "kuu")
    assert (code, out) == (2, "") and f"there is no county kuu: there are {COUNTY}, {OTHER_COUNTY}" in error
    role = await make_reader(database, COUNTY)
    code, out, error = await hva("2025Q1", "--county", OTHER_COUNTY, role=role)
    assert (code, out) == (2, "") and f"there are {COUNTY} " in error
    assert (await hva("2025Q1", role=role))[0] == 0


async def test_database_without_tables_is_one_sentence(database: Database, hva: Any) -> None:
    connection = await asyncpg.connect(database.dsn("hva_migrate"))
    await connection.execute("drop schema report cascade")
    await connection.close()
    sentence = "This database has no published figures yet, or this role cannot read them."
    assert await hva("2025Q1") == (sentence, "", "")
