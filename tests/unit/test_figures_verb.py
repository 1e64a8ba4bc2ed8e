"""Usage errors of `hva figures` and `hva explain`: reported before anything is read, with exit code 2."""

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
    """Return a function that runs either verb without any server."""
    for name in ("HVA_KAFKA_BOOTSTRAP", "HVA_POSTGRES_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HVA_DIR", str(tmp_path))
    app = typer.Typer()
    figures.register(app)
    explain.register(app)
    return lambda *arguments: CliRunner().invoke(app, arguments)


def message(result: Result) -> str:
    """Return the output as one line, without the frame around it."""
    return " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "expected"),
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
        (("explain", "key_result", *CELL), "key_result counts no facts"),
        (("explain", "nps", *CELL, "chanel=sms"), "nps has no key chanel: it has county,"),
        (("figures", "nps", "--channel", "smoke"), "channel smoke is not one of all, sms, device,"),
        (("figures", "hyte", "--where", "kind=nosuch"), "kind nosuch is not one of tray_visit,"),
    ],
)
def test_usage_error_is_reported(hva: Callable[..., Result], arguments: tuple[str, ...], expected: str) -> None:
    result = hva(*arguments)
    assert result.exit_code == 2
    assert expected in message(result)


@pytest.mark.parametrize(
    "arguments",
    [
        ("figures", "nps", "--period", "2026-02-28", "--scope-level", "line"),
        ("figures", "fcr_client", "--exact", "--where", "window_days=30"),
        ("explain", "common_clients", *CELL, "kind=plan"),
    ],
)
def test_valid_arguments_pass_the_checks(hva: Callable[..., Result], arguments: tuple[str, ...]) -> None:
    assert isinstance(hva(*arguments).exception, VerbError)  # no server runs
