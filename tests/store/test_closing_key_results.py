"""Key results in editions, and how they are restated."""

import shutil
from pathlib import Path

import asyncpg
import orjson

from shared.registers import load_folder
from tests.product import SAMPLE, Database
from tests.store.closing import COUNTY, Closing
from tests.store.registers import replace_registers
from tests.store.test_closing import closing, fill
from tests.store.test_nps_store import Store, answered, nps, pool, registers

__all__ = ["closing", "nps", "pool", "registers"]

KEY_RESULTS = """
key_results:
  - id: suositus
    metric: nps.score
    scope: {county: oma-hame}
    direction: reach
    target: 60
    target_mode: absolute
    valid_period: {from: 2026-01-01}
  - id: loppuun-asti
    metric: fcr.gross
    scope: {county: oma-hame}
    direction: reach
    target: 0.4
    target_mode: absolute
    valid_period: {from: 2026-01-01}
"""
FCR_ROW = """
insert into report.fcr (county, period_kind, period, scope_level, scope, channel, segment, gross, state, suppressed,
  low_n, published_at)
values ('oma-hame', 'quarter', '2026Q1', 'county', 'oma-hame', 'all', 'all', 0.38, 'final', false, false, now())
"""


async def test_key_results_are_stored_and_compared_like_other_rows(
    nps: Store, closing: Closing, database: Database, tmp_path: Path
) -> None:
    """A family that publishes sees the values of the others, too: they did not change."""
    folder = Path(shutil.copytree(SAMPLE / "config", tmp_path / "config"))
    (folder / "key_results.yaml").write_text(KEY_RESULTS, encoding="utf-8")
    async with nps.pool.acquire() as connection:
        await replace_registers(connection, load_folder(folder))
    owner = await asyncpg.connect(database.dsn("hva_migrate"))
    await owner.execute(FCR_ROW)
    await owner.close()
    await fill(nps)
    await closing.close("2026Q1")
    query = "select keys ->> 'id' as id, values from report.edition_row where view = 'key_result' order by 1"
    other, own = await closing.steward.fetch(query)
    assert [row["id"] for row in (other, own)] == ["loppuun-asti", "suositus"]
    values = orjson.loads(own["values"])
    assert orjson.loads(other["values"])["actual"] == 0.38
    assert {"actual", "target", "met", "status", "state", "coverage"} <= values.keys()
    await nps.feed(answered("late", score=10))
    await closing.publish(COUNTY, 2026)
    found = await closing.steward.fetch("select * from report.restatement where view = 'key_result'")
    assert [(r["column_name"], r["old_value"], r["causes"]) for r in found] == [("actual", values["actual"], ["late"])]
    assert [orjson.loads(r["keys"]) for r in found] == [{"id": "suositus"}]
    (folder / "key_results.yaml").write_text(KEY_RESULTS.replace("target: 60", "target: -80"), encoding="utf-8")
    async with nps.pool.acquire() as connection:
        await replace_registers(connection, load_folder(folder))
    await closing.publish(COUNTY, 2026)
    query = "select column_name, new_value, causes from report.restatement where view = 'key_result' order by 1"
    actual, met, target = await closing.steward.fetch(query)
    assert actual["causes"] == ["late", "register"]
    assert tuple(met) == ("met", 1, ["late", "register"])
    assert tuple(target) == ("target", -80, ["late", "register"])


async def test_only_values_that_differ_are_listed_of_rows_that_were_hidden(
    nps: Store, closing: Closing, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(SAMPLE / "config", tmp_path / "config"))
    unit = KEY_RESULTS.replace("{county: oma-hame}", "{county: oma-hame, scope_level: unit, scope: tauko}", 1)
    (folder / "key_results.yaml").write_text(unit.replace("    target: 60", "    target: 0"), encoding="utf-8")
    async with nps.pool.acquire() as connection:
        await replace_registers(connection, load_folder(folder))
    await fill(nps)
    few = [f"few{n}" for n in range(6)]
    await nps.feed(*(answered(name, unit="tauko", score=10) for name in few))
    await closing.close("2026Q1")
    await nps.feed(*(answered(f"more{n}", unit="tauko", score=10) for n in range(30)))
    await closing.publish(COUNTY, 2026)
    query = "select * from report.restatement where view = 'key_result' order by column_name"
    shown = await closing.steward.fetch(query)
    assert [(row["column_name"], row["old_value"], row["new_value"]) for row in shown] == [
        ("actual", None, 100),
        ("met", None, 1),
    ]
    assert {(row["old_suppressed"], row["new_suppressed"]) for row in shown} == {(True, False)}
    rows = await closing.steward.fetch("select * from report.restatement where view <> 'key_result'")
    assert [row for row in rows if row["old_suppressed"] and not row["new_suppressed"]]
    assert [row for row in rows if row["old_value"] == row["new_value"]] == []
