"""`hva export thl` without a database: usage errors, and the form of the file."""

import csv
import io
import socket
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from deploy.hva import export, report
from deploy.hva.__main__ import main

ROW = ("oma-hame", "keskus", "ensilinja", "2026Q1", "thl_help", 40, 2, 1, 2, 3, 4, 30, None, None, None, False)


@pytest.fixture
def hva(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Return a function that runs the verb without any server."""
    for name in ("HVA_KAFKA_BOOTSTRAP", "HVA_POSTGRES_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HVA_DIR", str(tmp_path))
    app = typer.Typer()
    export.register(app)
    return lambda *arguments: CliRunner().invoke(app, ("export", *arguments))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("2026Q5",), "2026Q5 is not a period"),
        (("0000Q1",), "0000Q1 is not a period"),
        (("2026",), "2026 is not a quarter: write 2026Q1"),
        (("2026-03",), "2026-03 is not a quarter: write 2026Q1"),
        (("２０２６Q1",), "is not a period"),
        (("2026Q1\n",), "is not a period"),
        (("9999Q1",), "9999Q1 has not begun"),
        (("2026Q1", "--out", "."), "is a directory"),
        ((), "Missing argument"),
    ],
)
def test_usage_error_is_reported(hva: Callable[..., Result], arguments: tuple[str, ...], expected: str) -> None:
    result = hva("thl", *arguments)
    assert result.exit_code == 2
    assert expected in " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize("url", ["postgresql://hva_reader:x@127.0.0.1:1/hva", None])
def test_missing_database_is_one_sentence(
    hva: Callable[..., Result],
    url: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    if url:
        monkeypatch.setenv("HVA_KAFKA_BOOTSTRAP", "127.0.0.1:1")
        monkeypatch.setenv("HVA_POSTGRES_URL", url)
    out = tmp_path / "thl.csv"
    monkeypatch.setattr("sys.argv", ["hva", "export", "thl", "2026Q1", "--out", str(out)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert str(ended.value.code).startswith("PostgreSQL is not available" if url else "Nothing runs in ")
    assert capsys.readouterr().out == "" and not out.exists()


@pytest.mark.parametrize(("module", "verb"), [(export, ("export", "thl")), (report, ("report",))])
def test_database_that_does_not_answer_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, verb: tuple[str, ...]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HVA_KAFKA_BOOTSTRAP", "127.0.0.1:1")
        monkeypatch.setenv("HVA_POSTGRES_URL", f"postgresql://hva_reader:x@127.0.0.1:{silent.getsockname()[1]}/hva")
        monkeypatch.setattr(module, "CONNECT_TIMEOUT_S", 0.2)
        monkeypatch.setattr("sys.argv", ["hva", *verb, "2026Q1"])
        with pytest.raises(SystemExit) as ended:
            main()
    assert str(ended.value.code).startswith("PostgreSQL is not available (TimeoutError)")


def test_lines_end_with_crlf_and_missing_numbers_are_empty() -> None:
    hidden = (*ROW[:5], *[None] * 10, True)
    assert export.as_csv([ROW, hidden]) == (
        b"county,unit,service_area,period,question,n,not_applicable,c1,c2,c3,c4,c5,promoters,passives,detractors,"
        b"suppressed\r\n"
        b"oma-hame,keskus,ensilinja,2026Q1,thl_help,40,2,1,2,3,4,30,,,,false\r\n"
        b"oma-hame,keskus,ensilinja,2026Q1,thl_help,,,,,,,,,,,true\r\n"
    )


@pytest.mark.parametrize(
    "code", ["ä,ö", 'so "called"', "two\nlines", "two\r\nlines", "lone\rreturn", "'quoted", "a=b", "-"]
)
def test_any_code_survives_a_csv_reader(code: str) -> None:
    content = export.as_csv([(*ROW[:4], code, *ROW[5:])])
    (_, read) = csv.reader(io.StringIO(content.decode(), newline=""))
    assert read == [*map(str, ROW[:4]), code, *("" if value is None else str(value) for value in ROW[5:-1]), "false"]


@pytest.mark.parametrize("code", ['=HYPERLINK("https://example.org")', "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1"])
def test_spreadsheet_does_not_run_a_code(code: str) -> None:
    content = export.as_csv([(*ROW[:4], code, *ROW[5:])])
    (_, read) = csv.reader(io.StringIO(content.decode(), newline=""))
    assert read[4] == f"'{code}"
