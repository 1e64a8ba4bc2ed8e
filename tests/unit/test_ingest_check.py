"""`hva check`: line, field and reason; nothing is sent and nothing personal is said."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from deploy.hva.check import register
from deploy.hva.context import NotSoError
from tests.unit.ingest_cases import HETU, event

CONFIG = Path(__file__).parents[1] / "data" / "sample" / "config"


@pytest.fixture
def check(monkeypatch):
    monkeypatch.setenv("HVA_CONFIG_DIR", str(CONFIG))
    app = typer.Typer()
    register(app)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def good(**data):
    return json.dumps(event(unit="keskus", **data)).encode()


def test_good_lines(check, tmp_path):
    file = tmp_path / "good.jsonl"
    file.write_bytes(good() + b"\n\n \t\r\n" + good(x=1, reason="a\u2028b") + b"\r\n")
    result = check(file)
    assert result.exit_code == 0
    assert result.output == "2 events checked, 0 would be rejected; 1 unknown fields would be left out.\n"


def test_bad_lines(check, tmp_path):
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    one.write_bytes(b"\n" + good(channel="fax") + b"\nx\n" + good(muistio=HETU))
    two.write_bytes(good() + b"\n" + json.dumps({"type": "x"}).encode())
    result = check(one, two)
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        f"{one}:2: schema: data.channel: not of the closed list",
        f"{one}:3: undecodable: not JSON",
        f"{one}:4: personal_id: a personal identity code stands outside of client.hetu",
        f"{two}:2: envelope: specversion: not the text 1.0",
        "5 events checked, 4 would be rejected (envelope 1, personal_id 1, schema 1, undecodable 1).",
    ]
    assert HETU not in result.output


def test_json(check, tmp_path):
    file = tmp_path / "one.jsonl"
    file.write_bytes(good(transfers=-1) + b"\nx")
    result = check("--json", file)
    assert result.exit_code == 1
    assert json.loads(result.output) == {
        "checked": 2,
        "rejected": 2,
        "reasons": {"schema": 1, "undecodable": 1},
        "unknown_fields": 0,
        "lines": [
            {"file": str(file), "line": 1, "field": "data.transfers", "reason": "schema", "detail": "too small"},
            {"file": str(file), "line": 2, "field": None, "reason": "undecodable", "detail": "not JSON"},
        ],
    }


def test_used_wrongly(check, tmp_path):
    assert check().exit_code == 2
    assert check(tmp_path / "missing").exit_code == 2


def test_registers_that_cannot_be_used(check, tmp_path, monkeypatch):
    file = tmp_path / "one.jsonl"
    file.write_bytes(good())
    monkeypatch.setenv("HVA_CONFIG_DIR", str(tmp_path / "nowhere"))
    result = check(file)
    assert result.exit_code == 1
    assert isinstance(result.exception, NotSoError)
