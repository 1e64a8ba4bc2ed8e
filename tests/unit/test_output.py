"""Text output of the command: no value can forge a line or control the terminal, whichever verb prints it."""

import ast
import sys
from pathlib import Path

import pytest
import typer

from deploy.hva import __main__ as command
from deploy.hva.check import as_text
from deploy.hva.context import VerbError
from deploy.hva.output import escape, print_data, print_text

VERBS = Path(command.__file__).parent
HOSTILE = "a\nb\x1b[31m\x7f\x9b\u202e\u2028[red]"
ESCAPED = r"a\nb\x1b[31m\x7f\x9b\u202e\u2028[red]"


@pytest.mark.parametrize(
    ("char", "shown"),
    [
        ("\n", r"\n"), ("\r", r"\r"), ("\t", r"\t"), ("\0", r"\x00"), ("\x1b", r"\x1b"), ("\x7f", r"\x7f"),
        ("\x85", r"\x85"), ("\x9b", r"\x9b"), ("\u2028", r"\u2028"), ("\u2029", r"\u2029"), ("\u200b", r"\u200b"),
        ("\u200f", r"\u200f"), ("\u202e", r"\u202e"), ("\u2066", r"\u2066"), ("\ufeff", r"\ufeff"),
        ("\U000e0041", r"\U000e0041"), ("\udcff", r"\udcff"), ("\ue000", r"\ue000"),
    ],
)  # fmt: skip
def test_control_character_is_escaped(char: str, shown: str) -> None:
    assert escape(f"x{char}y") == f"x{shown}y"


@pytest.mark.parametrize("text", ["", "Hämeenlinna – 5 %", "[red]", r"C:\n", "a\u00a0b", "日本", "e\u0301", "😀"])
def test_plain_text_is_unchanged(text: str) -> None:
    assert escape(text) == text


def test_value_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_text(f"id {HOSTILE}", "second")
    print_text("problem", HOSTILE, err=True)
    output = capsys.readouterr()
    assert output.out == f"id {ESCAPED}\nsecond\n"
    assert output.err == f"problem\n{ESCAPED}\n"


def test_data_is_printed_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    print_data(HOSTILE)
    assert capsys.readouterr().out == f"{HOSTILE}\n"


def test_rejected_line_is_printed_on_one_line() -> None:
    line = {"file": "x\ny.jsonl", "line": 1, "reason": "schema", "field": "data.\x1b[31m", "detail": "no such thing"}
    assert escape(as_text(line)) == r"x\ny.jsonl:1: schema: data.\x1b[31m: no such thing"


def _exit_code(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    monkeypatch.setattr(sys, "argv", ["hva", *arguments])
    with pytest.raises(SystemExit) as exit_info:
        command.main()
    return exit_info.value.code


@pytest.mark.parametrize(
    "arguments",
    [
        (HOSTILE,),
        (f"--{HOSTILE}",),
        ("figures", HOSTILE),
        ("figures", "nps", "--period", HOSTILE),
        ("figures", "nps", "--lang", HOSTILE),
        ("explain", "nps", "county=x", f"period={HOSTILE}"),
        ("check", HOSTILE),
        ("load", HOSTILE),
        ("replay", HOSTILE),
        ("deadletters", "list", "--reason", HOSTILE),
    ],
)
def test_usage_error_is_escaped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert _exit_code(monkeypatch, *arguments) == 2
    output = "".join(capsys.readouterr())
    assert not set("\x1b\x7f\x9b\u202e\u2028") & set(output)
    assert r"\x1b[31m\x7f\x9b\u202e\u2028[red]" in output.replace("\\\\", "\\")


def test_verb_error_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    def build() -> None:
        raise VerbError(f"No unit {HOSTILE}.", "Second sentence.")

    monkeypatch.setattr(command, "build", lambda: build)
    assert _exit_code(monkeypatch) == f"No unit {ESCAPED}.\nSecond sentence."


@pytest.mark.parametrize("file", sorted(VERBS.glob("*.py")), ids=lambda file: file.stem)
def test_every_verb_prints_through_the_output_module(file: Path) -> None:
    if file.stem == "output":
        return
    calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)}
    others = {"print", "sys.stdout.write", "sys.stderr.write", "typer.echo", "typer.secho", "typer.confirm"}
    assert not calls & others


def test_question_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    from deploy.hva.output import confirm

    asked: list[str] = []
    monkeypatch.setattr(typer, "confirm", lambda question, err: asked.append(question) or True)
    assert confirm(HOSTILE)
    assert asked == [ESCAPED]
