"""What people type for the report: no personal identity code reaches its readers, however it is written."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.hva.__main__ import build
from deploy.hva.context import VerbError
from deploy.hva.statement_text import MAX_NARRATIVE, read_statement
from shared.hetu import holds_code, shows_code
from shared.registers import RegisterError
from tests.unit.register_cases import copy_registers, write

CODE = "010594-9032"
WITHOUT_WIDTH = ["010594\u200b-9032", "010594-\u00ad9032", "0\u20e310594-9032", "010594-9\u2060032", "010594-\x089032"]
MARKDOWN = [
    "asiakas 010594\\-9032",
    "asiakas 010594&#45;9032",
    "**010594**-9032",
    "010594-*9032*",
    "010594-`9032`",
    "<b>010594</b>-9032",
    "| a | b |\n|---|---|\n| 010594\\-9032 | 1 |",
    "- a\n- > 010594\\-9032",
    "[a](https://x.example/010594%2D9032)",
    "[a][1]\n\n[1]: /x '010594\\-9032'",
    "    010594-\u200b9032",
]


def read(tmp_path: Path, text: str) -> str:
    (tmp_path / "text.md").write_text(text, encoding="utf-8")
    return read_statement("--file", tmp_path / "text.md", MAX_NARRATIVE)


@pytest.mark.parametrize("text", WITHOUT_WIDTH)
def test_characters_without_width_do_not_hide_a_code(text: str) -> None:
    assert not holds_code(text)
    assert shows_code(text)
    assert not shows_code(text.replace("0594", "0595"))


@pytest.mark.parametrize("text", [CODE, *MARKDOWN, WITHOUT_WIDTH[0]])
def test_code_that_the_page_would_show_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(VerbError, match="There is a personal identity code in --file"):
        read(tmp_path, text)


@pytest.mark.parametrize("text", [text.replace("9032", "9042") for text in MARKDOWN])
def test_text_without_a_code_is_accepted(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == text


@pytest.mark.parametrize("text", [CODE, WITHOUT_WIDTH[0]])
@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("key_results.yaml", "objectives: [{{id: o, description_fi: '{}'}}]"),
        ("names.csv", "key,code,name_fi,name_sv,name_en\nline,x,{},,\n"),
    ],
)
def test_register_with_a_code_is_refused_and_not_quoted(tmp_path: Path, file: str, content: str, text: str) -> None:
    with pytest.raises(RegisterError) as error:
        write(copy_registers(tmp_path), file, content.format(text))
    assert "has a personal identity code; remove it." in str(error.value)
    assert text not in str(error.value)


@pytest.mark.parametrize("role", ["", " ", "x" * 201, "a\nb"])
def test_edition_is_closed_by_a_role(role: str) -> None:
    result = CliRunner().invoke(build(), ["close", "2025", "--by", role])
    assert result.exit_code == 2
    assert "must be a role of 1 to 200 printable characters" in " ".join(result.output.replace("│", " ").split())


def test_close_names_the_periods_that_it_accepts() -> None:
    result = CliRunner().invoke(build(), ["close", "2026-13"], terminal_width=200)
    assert result.exit_code == 2
    assert "2026-13 is not a period: write 2026-03, 2026Q1 or 2026" in " ".join(result.output.split())


@pytest.mark.parametrize("option", ["--by", "--note"])
def test_edition_holds_no_code(option: str) -> None:
    result = CliRunner().invoke(build(), ["close", "2025", option, "010594\\-9032"])
    assert isinstance(result.exception, VerbError)
    assert f"There is a personal identity code in {option}: remove it." in str(result.exception)
