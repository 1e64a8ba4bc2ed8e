"""`hva doctor` prints one line for each finding."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.hva import doctor
from deploy.hva.__main__ import build
from tests.unit.register_cases import copy_registers


def test_wrong_register_is_a_problem_and_not_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copy_registers(tmp_path)
    (folder / "key_results.yaml").write_text("more: 1\n", encoding="utf-8")
    monkeypatch.setattr(doctor, "examine", lambda *_, **__: iter([doctor._registers(folder)]))
    result = CliRunner().invoke(build(), ["doctor"])
    assert result.exit_code == 1
    assert result.output.startswith("PROBLEM  registers    key_results.yaml: 'more' is unknown;")
