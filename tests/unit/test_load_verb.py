"""`hva load`: a file that is not lines of events is refused before any of it is sent."""

import gzip
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from deploy.hva.context import VerbError
from deploy.hva.load import Tally, _bytes_in, _load_file, register

EVENT = b'{"type":"fi.hva.contact.recorded.v1"}'
NO_PRODUCER: Any = None  # nothing may be sent


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xff\xfe" + EVENT.decode().encode("utf-16-le"), "it is UTF-16; save it as UTF-8."),
        (EVENT + b"\r" + EVENT, "its lines end with CR alone; save it as UTF-8 with LF or CRLF at the line ends."),
        (gzip.compress(EVENT, mtime=0)[:-9], "its gzip data is cut short."),
    ],
)
async def test_file_that_is_not_lines_of_text_is_not_sent(tmp_path: Path, content: bytes, sentence: str) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(content)
    with pytest.raises(VerbError) as error:
        await _load_file(NO_PRODUCER, file, Tally(), lambda size: None, "")
    assert str(error.value) == f"{file}: {sentence} Nothing was sent."


def test_total_size_is_unknown_with_standard_input(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert _bytes_in([tmp_path / "a", tmp_path / "a"]) == 6
    assert _bytes_in([tmp_path / "a", Path("-")]) is None


def test_invalid_arguments_exit_with_code_2(tmp_path: Path) -> None:
    app = typer.Typer()
    register(app)
    for arguments in ([], ["-", "--from-stdin"], [str(tmp_path)], [str(tmp_path / "missing")]):
        assert CliRunner().invoke(app, arguments).exit_code == 2
