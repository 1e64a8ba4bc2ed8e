"""`hva check`: line, field and reason; nothing is sent and nothing personal is said."""

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
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def good(**data):
    return json.dumps(event(unit="keskus", **data)).encode()


def test_good_lines(check, tmp_path):
    file = tmp_path / "good.jsonl"
    file.write_bytes(good() + b"\n\n \t\r\n" + good(x=1, reason="a\u2028b") + b"\r\n")
    result = check(file)
    assert result.exit_code == 0
    assert result.output == "2 events checked, 0 would be rejected; 1 unknown fields would be dropped.\n"


def test_bad_lines(check, tmp_path):
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    one.write_bytes(b"\n" + good(channel="fax") + b"\nx\n" + good(muistio=HETU))
    two.write_bytes(good() + b"\n" + json.dumps({"type": "x"}).encode())
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


def shell(command: str, content: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The command as people type it; `hva` and `python` are those of the tests."""
    return subprocess.run(
        ["bash", "-c", f'hva() {{ "{sys.executable}" -m deploy.hva "$@"; }}; {command}'],
        input=content,
        capture_output=True,
        timeout=120,
        env=os.environ | {"HVA_CONFIG_DIR": str(CONFIG)},
    )


def test_a_pipe_of_the_shell_and_standard_input(tmp_path):
    (tmp_path / "events.jsonl.gz").write_bytes(gzip.compress(good() + b"\nx\n"))
    found = shell(f"hva check <(zcat {tmp_path}/events.jsonl.gz) - {tmp_path}/events.jsonl.gz", b"y\n")
    assert found.stderr == b""
    *bad, last = found.stdout.decode().splitlines()
    assert [line.partition(":")[2] for line in bad[::2]] == ["2: undecodable: not JSON"] * 2
    assert bad[1] == "-:1: undecodable: not JSON"
    assert last == "5 events checked, 3 would be rejected (undecodable 3)."


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: bytes(zstd.compress(content))])
def test_packed_files(check, tmp_path, pack):
    file = tmp_path / "events.jsonl.packed"
    file.write_bytes(pack(b"\xef\xbb\xbf" + good() + b"\nx\n"))
    assert check(file).output == (
        f"{file}:2: undecodable: not JSON\n2 events checked, 1 would be rejected (undecodable 1).\n"
    )


def test_a_name_that_is_no_text(check, tmp_path):
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xe4.jsonl"))
    file.write_bytes(b"x\n")
    assert check(file).output.splitlines()[0] == f"{tmp_path}/\\xe4.jsonl:1: undecodable: not JSON"
    assert json.loads(check("--json", file).output)["lines"][0]["file"] == f"{tmp_path}/\\xe4.jsonl"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (good().decode().encode("utf-16"), "it is UTF-16; save it as UTF-8."),
        (good() + b"\r" + good(), "its lines end with CR alone; save it as UTF-8 with LF or CRLF at the line ends."),
        (gzip.compress(good(), mtime=0)[:-9], "its gzip data is cut short."),
    ],
)
def test_a_file_that_is_no_lines_of_text_ends_in_one_sentence(check, tmp_path, content, sentence):
    file = tmp_path / "events.jsonl"
    file.write_bytes(content)
    result = check(file)
    assert isinstance(result.exception, VerbError)
    assert str(result.exception) == f"{file}: {sentence}"


def test_used_wrongly(check, tmp_path):
    assert check().exit_code == 2
    assert check(tmp_path / "missing").exit_code == 2


def test_registers_that_cannot_be_used(check, tmp_path, monkeypatch):
    file = tmp_path / "one.jsonl"
    file.write_bytes(good())
    monkeypatch.setenv("HVA_CONFIG_DIR", str(tmp_path / "nowhere"))
    result = check(file)
    assert result.exit_code == 1
    assert isinstance(result.exception, VerbError)
