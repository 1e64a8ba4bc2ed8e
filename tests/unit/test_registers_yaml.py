"""Registers in YAML that nobody can use end in a sentence, whatever the reader of YAML makes of them."""

import shutil
from pathlib import Path

import pytest

from shared.registers import RegisterError, load_folder

DEFAULT = Path(__file__).parents[2] / "deploy" / "config"
HALF = "an escape is half of a surrogate pair; write the character itself"
ITEM = "id: a, metric: nps.score, scope: {county: x}, direction: increase, target: 1, target_mode: absolute"


def told(folder: Path, name: str, text: str) -> str:
    """What is wrong with the default registers with one file replaced."""
    shutil.copytree(DEFAULT, folder / "config")
    (folder / "config" / name).write_text(text, encoding="utf-8")
    with pytest.raises(RegisterError) as error:
        load_folder(folder / "config")
    message = str(error.value)
    assert message.encode("utf-8"), "it can be printed and logged"
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
def test_half_a_character(tmp_path: Path, text: str) -> None:
    line = 2 if text.startswith("key_results") else 1
    assert told(tmp_path, "key_results.yaml", text) == f"key_results.yaml line {line}: this is not YAML ({HALF})."


def test_half_a_character_in_the_rule(tmp_path: Path) -> None:
    text = 'parameters: {E6: {scheme: "o\\udc61", segment: x}}\n'
    assert told(tmp_path, "segment_rule.yaml", text) == f"segment_rule.yaml line 1: this is not YAML ({HALF})."


def test_a_whole_one_outside_of_the_first_plane_stands(tmp_path: Path) -> None:
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
def test_what_the_reader_of_yaml_cannot_take(tmp_path: Path, value: str) -> None:
    assert "segment_rule.yaml" in told(tmp_path, "segment_rule.yaml", f"version: a\nfigures_from: {value}\n")


@pytest.mark.parametrize("number", ["9" * 400, "-" + "9" * 400, "0x" + "f" * 400, ".inf", ".nan"])
def test_a_number_without_measure(tmp_path: Path, number: str) -> None:
    text = "key_results: [{" + ITEM.replace("target: 1", f"target: {number}") + "}]\n"
    assert told(tmp_path, "key_results.yaml", text) == "key_results.yaml item 1: target must be a number."
