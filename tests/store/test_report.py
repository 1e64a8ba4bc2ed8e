"""The report of a quarter from a real database: published, half published and not published at all."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.hva import report as verb
from deploy.hva.__main__ import build
from deploy.hva.context import VerbError
from deploy.report import LANGUAGES, CountyUnknownError, QuarterError, read_report, render_html, render_json
from shared.publication.publish import publish
from tests.product import Database
from tests.store.test_nps_store import Store, answered, nps, pool, registers
from tests.store.test_publication import NOW, UNIT, family, fill, reader, rows

__all__ = ["family", "nps", "pool", "reader", "registers"]


@pytest.fixture
async def published(nps: Store, family: Any) -> None:
    """The family of client feedback, published for 2026: March only."""
    await fill(nps, 2)
    assert await publish(family, "nps", UNIT, NOW)


@pytest.mark.usefixtures("published")
async def test_report_has_the_published_figures(reader: Any) -> None:
    report = await read_report(reader, "oma-hame", "2026Q1")
    shown = await rows(reader, "report", "nps")
    areas = next(table for table in report.tables if table.id == "nps_areas")
    county, *others = areas.rows
    expected = shown["oma-hame", "quarter", "2026Q1", "county", "oma-hame", "all", "all"]
    interval = (expected["score_low"], expected["score_high"])
    assert county.total
    assert county.values[0].number == expected["score"]
    assert (county.values[1].number, county.values[1].high) == interval
    assert county.values[2].number == expected["n"]
    for row in others:
        published = shown["oma-hame", "quarter", "2026Q1", "service_area", row.names[0].code, "all", "all"]
        assert row.hidden is published["suppressed"]
        assert row.values[2].number == published["n"]
        assert row.values[2].reason == ("hidden" if published["suppressed"] else None)
    assert report.state == "provisional"  # the latest invitations may still be answered
    assert report.published_at == NOW


@pytest.mark.usefixtures("published")
async def test_half_loaded_quarter_says_what_is_missing(reader: Any) -> None:
    report = await read_report(reader, "oma-hame", "2026Q1")
    found = {(gap.kind, gap.family): gap for gap in report.gaps}
    assert found["months", "nps"].months == ("2026-01", "2026-02")
    assert {("not_published", "fcr"), ("not_published", "segments")} <= set(found)
    for language in LANGUAGES:
        assert "2026" in render_html(report, language)


@pytest.mark.usefixtures("published")
async def test_quarter_without_figures_is_a_report_of_gaps(reader: Any) -> None:
    report = await read_report(reader, "oma-hame", "2025Q4")
    assert report.state == "none"
    assert all(not table.rows for table in report.tables)
    assert {gap.kind for gap in report.gaps if gap.family} == {"not_published"}
    assert "Ei julkaistu" in render_html(report, "fi")
    assert json.loads(render_json(report, "en"))["state"] == "none"


async def test_everything_hidden(nps: Store, family: Any, reader: Any) -> None:
    await nps.feed(*(answered(f"r{n}") for n in range(4)))
    assert await publish(family, "nps", UNIT, NOW)
    report = await read_report(reader, "oma-hame", "2026Q1")
    found = [row for table in report.tables for row in table.rows]
    assert found
    assert all(row.hidden for row in found)
    assert {value.reason for row in found for value in row.values} == {"hidden"}
    assert all(hidden.hidden == hidden.rows for hidden in report.hidden)
    assert "There is no comparison with the previous quarter" in render_html(report, "en")


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("quarter", ["2026Q5", "2026", "nonsense", "9998Q4"])
async def test_what_is_not_a_quarter_or_has_not_begun(reader: Any, quarter: str) -> None:
    with pytest.raises(QuarterError, match=r"is not a quarter: write 2026Q1|has not begun"):
        await read_report(reader, "oma-hame", quarter)


@pytest.mark.usefixtures("published")
async def test_unknown_county(reader: Any) -> None:
    with pytest.raises(CountyUnknownError, match=r"^There is no county nowhere: there are .*oma-hame"):
        await read_report(reader, "nowhere", "2026Q1")


@pytest.mark.usefixtures("published")
async def test_verb_writes_four_files(reader: Any, database: Database, tmp_path: Path) -> None:
    found = await verb.read(database.dsn("hva_reader"), "oma-hame", "2026Q1")
    paths = verb.write(found, verb.Lang.SV, tmp_path / "new")
    assert [path.name for path in paths] == [
        f"report-oma-hame-2026Q1-sv.{end}" for end in ("html", "md", "csv", "json")
    ]
    assert all(path.read_text(encoding="utf-8") for path in paths)
    with pytest.raises(VerbError, match=r"^There is no county x"):
        await verb.read(database.dsn("hva_reader"), "x", "2026Q1")
    (tmp_path / "file").write_text("")
    with pytest.raises(VerbError, match=r"cannot be written: File exists\.$"):
        verb.write(found, verb.Lang.FI, tmp_path / "file")


@pytest.mark.parametrize("quarter, words", [("2026", "is not a quarter"), ("9998Q1", "has not begun")])
def test_wrong_quarter_is_wrong_usage(quarter: str, words: str) -> None:
    result = CliRunner().invoke(build(), ["report", quarter])
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())


def test_unknown_language_is_wrong_usage() -> None:
    assert CliRunner().invoke(build(), ["report", "2026Q1", "--lang", "de"]).exit_code == 2
