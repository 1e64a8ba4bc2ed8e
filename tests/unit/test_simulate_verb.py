"""`hva simulate` on the command line."""

from pathlib import Path

import orjson
import pytest
import typer
from typer.testing import CliRunner

from deploy.hva.simulate import register


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    register(app)
    return app


SMALL = ["--days", "2", "--clients", "40", "--until", "2026-03-05", "--bad", "0"]


def test_file_and_standard_output_get_the_same_events(app: typer.Typer, tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    written = CliRunner().invoke(app, [*SMALL, "--out", str(out)])
    assert written.exit_code == 0, written.output
    assert f"events to {out}" in written.output
    piped = CliRunner().invoke(app, [*SMALL, "--rate", "100000"])
    assert piped.exit_code == 0
    assert piped.stdout_bytes == out.read_bytes()
    assert all(orjson.loads(line)["specversion"] == "1.0" for line in out.read_bytes().splitlines())


@pytest.mark.parametrize(
    "wrong",
    [["--days", "0"], ["--counties", "lappi"], ["--until", "5.3.2026"], ["--rate", "0"], ["--bad", "1.5"]],
)
def test_invalid_arguments_exit_with_code_2(app: typer.Typer, wrong: list[str]) -> None:
    assert CliRunner().invoke(app, [*SMALL, *wrong]).exit_code == 2


def test_units_missing_from_the_registers_are_reported(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Path(__file__).parents[2] / "deploy" / "config"
    for file in source.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    header, first, *_ = (source / "units.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "units.csv").write_text(f"{header}\n{first}\n", encoding="utf-8")
    monkeypatch.setenv("HVA_CONFIG_DIR", str(tmp_path))
    result = CliRunner().invoke(app, [*SMALL, "--counties", "pirha"])
    assert result.exit_code == 0
    assert "units.csv lacks 14 units" in result.stderr


def test_unwritable_folder_is_reported(app: typer.Typer, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [*SMALL, "--out", str(tmp_path / "no" / "events.jsonl")])
    assert result.exit_code == 1
    assert "could not be written" in result.stderr
