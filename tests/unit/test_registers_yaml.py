"""Unusable YAML registers are refused with one clear sentence, whatever the YAML parser does with them."""

import shutil
from pathlib import Path

import pytest

from shared.registers import RegisterError, load_folder

DEFAULT = Path(__file__).parents[2] / "deploy" / "config"
SURROGATE = "an escape is half of a surrogate pair; write the character itself"
ITEM = (
    "id: a, metric: nps.score, scope: {county: oma-hame}, direction: increase, target: 1, target_mode: absolute,"
    " valid_period: {from: 2026-01-01}"
)


def error_message(folder: Path, name: str, text: str) -> str:
    """Return the error of the default registers with one file replaced."""
    shutil.copytree(DEFAULT, folder / "config")
    (folder / "config" / name).write_text(text, encoding="utf-8")
    with pytest.raises(RegisterError) as error:
        load_folder(folder / "config")
    message = str(error.value)
    assert message.encode("utf-8"), "the message must be printable"
    return message


@pytest.mark.parametrize(
    "text",
    [
        'key_results:\n  - {name_fi: "\\ud800", ' + ITEM + "}\n",
        'key_results:\n  - {owner: "\\udfff", ' + ITEM + "}\n",
        'key_results:\n  - {name_fi: "\\ud83d\\ude00", ' + ITEM + "}\n",
        'key_results:\n  - {"\\udc00": 1}\n',
        'key_results:\n  - {"\\udc00": 1, "\\udc00": 2}\n',
        '"\\ud800": 1\n"\\udc00": 2',
    ],
)
def test_surrogate_escape_is_refused(tmp_path: Path, text: str) -> None:
    line = 2 if text.startswith("key_results") else 1
    assert (
        error_message(tmp_path, "key_results.yaml", text)
        == f"key_results.yaml line {line}: this is not YAML ({SURROGATE})."
    )


def test_surrogate_escape_in_the_segment_rule_is_refused(tmp_path: Path) -> None:
    text = 'parameters: {E6: {scheme: "o\\udc61", segment: x}}\n'
    assert (
        error_message(tmp_path, "segment_rule.yaml", text)
        == f"segment_rule.yaml line 1: this is not YAML ({SURROGATE})."
    )


def test_character_outside_the_basic_plane_is_accepted(tmp_path: Path) -> None:
    shutil.copytree(DEFAULT, tmp_path / "config")
    text = 'key_results: [{name_fi: "\\U0001F600 😀", ' + ITEM + "}]\n"
    (tmp_path / "config" / "key_results.yaml").write_text(text, encoding="utf-8")
    (result,) = load_folder(tmp_path / "config").key_results
    assert result.name_fi == "😀 😀"


@pytest.mark.parametrize(
    "value",
    [
        '"\\UFFFFFFFF"',
        '"\\U00110000"',
        "!!bool maybe",
        '!!int ""',
        '!!float ""',
        "!!timestamp soon",
        "!!binary 7",
        "2026-02-31",
        "2026-01-01T00:00:00+99:99",
        "!unknown x",
        "9" * 5000,
        "[" * 1000,
    ],
    ids=lambda value: value[:24],
)
def test_value_that_the_parser_cannot_read_is_refused(tmp_path: Path, value: str) -> None:
    assert "segment_rule.yaml" in error_message(tmp_path, "segment_rule.yaml", f"version: a\nfigures_from: {value}\n")


@pytest.mark.parametrize("number", ["9" * 400, "-" + "9" * 400, "0x" + "f" * 400, ".inf", ".nan"])
def test_number_that_is_not_a_finite_float_is_refused(tmp_path: Path, number: str) -> None:
    text = "key_results: [{" + ITEM.replace("target: 1", f"target: {number}") + "}]\n"
    assert error_message(tmp_path, "key_results.yaml", text) == "key_results.yaml item 1: target must be a number."
