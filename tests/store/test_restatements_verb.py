"""`hva restatements`: the table, JSON, and the facts behind one cell."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import typer
from typer.testing import CliRunner

from deploy.hva import restatements
from deploy.hva.context import VerbError
from tests.product import Database
from tests.store.closing import COUNTY, NOW, Closing, steward_of
from tests.store.test_nps_store import Store, answered, nps, pool, registers

__all__ = ["nps", "pool", "registers"]


@pytest.fixture
async def steward(database: Database) -> AsyncIterator[Any]:
    connection = await steward_of(database)
    yield connection
    await connection.close()


@pytest.fixture
def dsn(database: Database) -> str:
    return database.dsn("hva_steward")


async def test_restatements_are_listed_and_explained(
    nps: Store, steward: Any, database: Database, dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    closing = Closing(database, ["nps"], steward)
    await nps.feed(*(answered(f"r{n}", score=n % 11) for n in range(160)))
    await closing.close("2026-03")
    await nps.feed(answered("late", score=10))
    await closing.publish(COUNTY, 2026)
    rows = await restatements._read(dsn, "2026-03", None)
    restatements._print(rows, 1000, as_json=False)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert f"oma-hame 2026-03 1 nps county oma-hame n 160 161 late {closing.now:%Y-%m-%d}" in lines
    restatements._print(rows, 1000, as_json=True)
    (n,) = [
        row
        for row in orjson.loads(capsys.readouterr().out)
        if (row["view"], row["column_name"], row["keys"]["scope_level"]) == ("nps", "n", "county")
        and row["keys"]["channel"] == row["keys"]["segment"] == "all"
    ]
    assert (n["old_value"], n["new_value"], n["causes"]) == (160, 161, ["late"])
    wanted = {"county": COUNTY, "period": "2026-03", "scope_level": "county", "scope": COUNTY}
    cell = {**wanted, "channel": "all", "segment": "all"}
    facts = await restatements._read_exact(dsn, "nps", cell)
    restatements._print_exact(facts, "nps", cell, 10, as_json=False)
    printed = capsys.readouterr().out
    assert "1 change of facts since the edition:" in printed
    assert "late        response late  n 0 -> 1, promoters 0 -> 1  <- event fi.hva.feedback.answered" in printed
    assert "Change of the exact counts: n +1, promoters +1" in printed
    assert "Do not add up" not in printed
    restatements._print_exact(facts, "nps", cell, 10, as_json=True)
    data = orjson.loads(capsys.readouterr().out)
    assert (data["differences"], data["not_additive"]) == ({"n": 1, "promoters": 1}, [])


def test_met_is_printed_as_a_word() -> None:
    row = {"view": "key_result", "column_name": "met", "old_value": 1.0, "new_value": None, "keys": {"id": "kr"}}
    flags = {"old_suppressed": False, "new_suppressed": True, "causes": ["late"], "first_seen": NOW}
    cells = restatements._cells({"county": COUNTY, "period": "2026Q1", "edition": 1, **row, **flags})
    assert cells[5:8] == ["met", "yes", "hidden"]


async def test_period_that_is_not_closed(nps: Store, dsn: str) -> None:
    wanted = {"county": COUNTY, "period": "2026-03", "scope_level": "county", "scope": COUNTY}
    with pytest.raises(VerbError, match=r"^2026-03 of oma-hame is not closed: `hva close` closes it\.$"):
        await restatements._read_exact(dsn, "nps", {**wanted, "channel": "all", "segment": "all"})
    assert await restatements._read(dsn, None, None) == []


async def test_unknown_county_and_scope_are_refused(nps: Store, steward: Any, database: Database, dsn: str) -> None:
    await nps.feed(*(answered(f"r{n}", score=n % 11) for n in range(20)))
    await Closing(database, ["nps"], steward).close("2026-03")
    cell = {"county": COUNTY, "period": "2026-03", "scope_level": "county", "scope": COUNTY}
    cell |= {"channel": "all", "segment": "all"}
    assert await restatements._read_exact(dsn, "nps", cell) == []
    with pytest.raises(VerbError, match=r"^The registers have no county nowhere: they have .*oma-hame"):
        await restatements._read_exact(dsn, "nps", cell | {"county": "nowhere", "scope": "nowhere"})
    for level in ("unit", "line"):
        with pytest.raises(VerbError, match=rf"^oma-hame has no scope x of level {level}\.$"):
            await restatements._read_exact(dsn, "nps", cell | {"scope_level": level, "scope": "x"})


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["2026Q5"], "2026Q5 is not a period"),
        (["2026-03", "county=oma-hame"], "KEY=VALUE is for --exact VIEW"),
        (["--exact", "nps"], "--exact needs a period"),
        (["2026-03", "--exact", "npz", "county=oma-hame"], "there is no view npz"),
        (["2026-03", "--exact", "nps"], "county must be given"),
        (["2026-03", "--exact", "key_result", "county=oma-hame"], "key_result counts no facts: name the view of its"),
        (["2026-03", "--exact", "nps", "county=oma-hame", "chanel=sms"], "nps has no key chanel: it has county,"),
        (["2026-03", "--exact", "nps", "county=oma-hame", "n=5"], "nps has no key n: it has county,"),
        (["2026-03", "--exact", "nps", "county=oma-hame", "channel=smoke"], "channel smoke is not one of all, sms,"),
        (
            ["2026-03", "--exact", "nps", "county=oma-hame", "scope=x"],
            "scope x is not the county: name its scope_level",
        ),
        (["2026-03", "--exact", "nps", "county=oma-hame", "period_kind=year"], "2026-03 is a month, not a year"),
        (["2026-03", "--exact", "statement", "county=oma-hame"], "question must be given"),
        (["2026-03", "--exact", "hyte", "county=oma-hame"], "kind must be given, one of tray_visit,"),
    ],
)
def test_wrong_usage_is_one_sentence(arguments: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HVA_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setenv("HVA_POSTGRES_URL", "postgresql://127.0.0.1:1/none")
    app = typer.Typer()
    restatements.register(app)
    result = CliRunner().invoke(app, arguments, terminal_width=200)
    assert result.exit_code == 2
    assert sentence in " ".join(result.output.replace("│", " ").split())
