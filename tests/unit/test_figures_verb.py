"""`hva figures` and `hva explain` used wrongly: said before anything is read, with exit code 2."""

from collections.abc import Callable

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from deploy.hva import explain, figures
from deploy.hva.context import VerbError

CELL = ("county=oma-hame", "period=2026Q1")


@pytest.fixture
def hva(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Callable[..., Result]:
    """Both verbs where nothing runs."""
    for name in ("HVA_KAFKA_BOOTSTRAP", "HVA_POSTGRES_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HVA_DIR", str(tmp_path))
    app = typer.Typer()
    figures.register(app)
    explain.register(app)
    return lambda *words: CliRunner().invoke(app, words)


def said(result: Result) -> str:
    """What the person reads, without the frame around it."""
    return " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("figures", "NOSUCHVIEW"), "there is no view NOSUCHVIEW: there are nps, statement,"),
        (("figures", "NOSUCHVIEW", "--exact"), "there is no view NOSUCHVIEW"),
        (("figures", "nps", "--as-of", "2026-07-01"), "--as-of is for --exact"),
        (("figures", "nps", "--period", "2026Q5"), "2026Q5 is not a period: write 2026-03-31,"),
        (("figures", "nps", "--period", "2026-13"), "2026-13 is not a period"),
        (("figures", "nps", "--where", "period=2026-02-29"), "2026-02-29 is not a period"),
        (("figures", "nps", "--scope-level", "planet"), "scope_level planet is not one of county, division,"),
        (("figures", "nps", "--segment", "some"), "segment some is not one of all,"),
        (("figures", "nps", "--where", "period_kind=week"), "period_kind week is not one of day,"),
        (("figures", "fcr_confirmed", "--where", "window_days=8"), "window_days 8 is not one of 1, 7, 30"),
        (("figures", "nps", "--where", "kind"), "write KEY=VALUE"),
        (("explain", "NOSUCHVIEW", *CELL), "there is no view NOSUCHVIEW"),
        (("explain", "nps", "county=oma-hame", "period=2026Q5"), "2026Q5 is not a period"),
        (("explain", "nps", *CELL, "scope_level=planet", "scope=mars"), "scope_level planet is not one of"),
        (("explain", "nps", "county=oma-hame"), "period must be given"),
    ],
)
def test_used_wrongly(hva: Callable[..., Result], words: tuple[str, ...], sentence: str) -> None:
    result = hva(*words)
    assert result.exit_code == 2
    assert sentence in said(result)


@pytest.mark.parametrize(
    "words",
    [
        ("figures", "nps", "--period", "2026-02-28", "--scope-level", "line"),
        ("figures", "fcr_client", "--exact", "--where", "window_days=30"),
        ("explain", "common_clients", *CELL, "kind=plan"),
    ],
)
def test_what_could_be_is_looked_up(hva: Callable[..., Result], words: tuple[str, ...]) -> None:
    assert isinstance(hva(*words).exception, VerbError)  # nothing runs
