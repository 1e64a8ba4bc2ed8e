"""`hva check` reports line, field and reason, and no personal data."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from cramjam import zstd
from typer.testing import CliRunner

from deploy.hva.check import register
from deploy.hva.context import VerbError
from tests.unit.ingest_cases import HETU, event

CONFIG = Path(__file__).parents[1] / "data" / "sample" / "config"


@pytest.fixture
def check(monkeypatch):
    monkeypatch.setenv("HVA_CONFIG_DIR", str(CONFIG))
    app = typer.Typer()
    register(app)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def valid_line(**data):
    return json.dumps(event(unit="keskus", **data)).encode()


def test_valid_lines_are_counted(check, tmp_path):
    file = tmp_path / "good.jsonl"
    file.write_bytes(valid_line() + b"\n\n \t\r\n" + valid_line(x=1, reason="a\u2028b") + b"\r\n")
    result = check(file)
    assert result.exit_code == 0
    assert result.output == "2 events checked, 0 would be rejected; 1 unknown fields would be dropped.\n"


def test_rejected_lines_are_listed_with_their_reasons(check, tmp_path):
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    one.write_bytes(b"\n" + valid_line(channel="fax") + b"\nx\n" + valid_line(muistio=HETU))
    two.write_bytes(valid_line() + b"\n" + json.dumps({"type": "x"}).encode())
    result = check(one, two)
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        f"{one}:2: schema: data.channel: not an allowed value",
        f"{one}:3: undecodable: not JSON",
        f"{one}:4: personal_id: a personal identity code outside of client.hetu",
        f"{two}:2: envelope: specversion: not the text 1.0",
        "5 events checked, 4 would be rejected (envelope 1, personal_id 1, schema 1, undecodable 1).",
    ]
    assert HETU not in result.output


def test_json_output(check, tmp_path):
    file = tmp_path / "one.jsonl"
    file.write_bytes(valid_line(transfers=-1) + b"\nx")
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


def shell(command: str, content: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a command line in bash, where `hva` is the command under test."""
    return subprocess.run(
        ["bash", "-c", f'hva() {{ "{sys.executable}" -m deploy.hva "$@"; }}; {command}'],
        input=content,
        capture_output=True,
        timeout=120,
        env=os.environ | {"HVA_CONFIG_DIR": str(CONFIG)},
    )


def test_pipes_and_standard_input_are_read(tmp_path):
    (tmp_path / "events.jsonl.gz").write_bytes(gzip.compress(valid_line() + b"\nx\n"))
    found = shell(f"hva check <(zcat {tmp_path}/events.jsonl.gz) - {tmp_path}/events.jsonl.gz", b"y\n")
    assert found.stderr == b""
    *rejected, last = found.stdout.decode().splitlines()
    assert [line.partition(":")[2] for line in rejected[::2]] == ["2: undecodable: not JSON"] * 2
    assert rejected[1] == "-:1: undecodable: not JSON"
    assert last == "5 events checked, 3 would be rejected (undecodable 3)."


@pytest.mark.parametrize("compress", [gzip.compress, lambda content: bytes(zstd.compress(content))])
def test_compressed_files_are_read(check, tmp_path, compress):
    file = tmp_path / "events.jsonl.compressed"
    file.write_bytes(compress(b"\xef\xbb\xbf" + valid_line() + b"\nx\n"))
    assert check(file).output == (
        f"{file}:2: undecodable: not JSON\n2 events checked, 1 would be rejected (undecodable 1).\n"
    )


def test_file_name_that_is_not_utf_8_is_escaped(check, tmp_path):
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xe4.jsonl"))
    file.write_bytes(b"x\n")
    assert check(file).output.splitlines()[0] == f"{tmp_path}/\\xe4.jsonl:1: undecodable: not JSON"
    assert json.loads(check("--json", file).output)["lines"][0]["file"] == f"{tmp_path}/\\xe4.jsonl"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (valid_line().decode().encode("utf-16"), "it is UTF-16; save it as UTF-8."),
        (
            valid_line() + b"\r" + valid_line(),
            "its lines end with CR alone; save it as UTF-8 with LF or CRLF at the line ends.",
        ),
        (gzip.compress(valid_line(), mtime=0)[:-9], "its gzip data is cut short."),
    ],
)
def test_unreadable_file_is_an_error_with_one_message(check, tmp_path, content, message):
    file = tmp_path / "events.jsonl"
    file.write_bytes(content)
    result = check(file)
    assert isinstance(result.exception, VerbError)
    assert str(result.exception) == f"{file}: {message}"


def test_usage_error_has_exit_code_2(check, tmp_path):
    assert check().exit_code == 2
    assert check(tmp_path / "missing").exit_code == 2


def test_unusable_registers_are_an_error(check, tmp_path, monkeypatch):
    file = tmp_path / "one.jsonl"
    file.write_bytes(valid_line())
    monkeypatch.setenv("HVA_CONFIG_DIR", str(tmp_path / "nowhere"))
    result = check(file)
    assert result.exit_code == 1
    assert isinstance(result.exception, VerbError)
