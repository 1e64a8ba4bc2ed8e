"""The parts of `hva erase` that need no server: identifiers, permissions, and that no identifier is repeated."""

import io
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from deploy.hva.__main__ import main
from deploy.hva.context import VerbError
from deploy.hva.erase import Receipt, erasure, receipt_lines
from deploy.hva.identifier import Identifier, allowed_source, may_write_care, pseudonyms
from shared.keys import read_keys
from shared.pseudonym import Keyring
from tests.unit.ingest_cases import HETU, PID, canonical, event

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CONFIG = Path(__file__).parents[2] / "deploy" / "config"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    file = tmp_path / "pseudonym.keys"
    file.touch(mode=0o600)
    file.write_text(f"k2 {'B' * 43}=\nk1 {'A' * 43}=\n")
    return file


def set_stdin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.encode()), isatty=lambda: False))


def test_pseudonyms_are_those_of_ingest_under_every_key(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_stdin(monkeypatch, f" {HETU.lower()}\n")
    of_code = pseudonyms(Identifier(hetu_from_stdin=True), "oma-hame", keys, NOW)
    of_local = pseudonyms(Identifier(local_id="A1", system="acd"), "oma-hame", keys, NOW)
    keyrings = [Keyring((key,)) for key in read_keys(keys)]
    assert of_code == tuple(keyring.of_hetu("oma-hame", HETU, NOW.date()) for keyring in keyrings)
    assert of_local == tuple(keyring.of_local("oma-hame", "acd", "A1") for keyring in keyrings)
    assert pseudonyms(Identifier(pid=PID), "oma-hame", None, NOW) == (PID,)
    with pytest.raises(VerbError, match="HVA_PSEUDONYM_KEY_FILE"):
        pseudonyms(Identifier(local_id="A1", system="acd"), "oma-hame", None, NOW)


@pytest.mark.parametrize("text", ["", "010594Y9033", f"{HETU}\n{HETU}", "010594Y90320", "010130A9037", "\udcff"])
def test_invalid_personal_identity_code_is_not_repeated(keys: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    set_stdin(monkeypatch, text.encode("utf-8", "replace").decode())
    with pytest.raises(typer.BadParameter) as error:
        pseudonyms(Identifier(hetu_from_stdin=True), "oma-hame", keys, NOW)
    assert str(error.value) == "standard input does not hold a valid personal identity code"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"hetu_from_stdin": True},  # standard input cannot also confirm the erasure
        {"hetu_from_stdin": True, "pid": PID},
        {"local_id": "A1"},
        {"system": "acd"},
        {"pid": PID, "system": "acd"},
        {"local_id": "", "system": "acd"},
        {"local_id": "x" * 201, "system": "acd"},
        {"local_id": "a\udcff", "system": "acd"},
        {"local_id": HETU, "system": "acd"},
        {"local_id": "A1", "system": "Acd"},
        {"pid": HETU},
        {"pid": "k1.short"},
    ],
)
def test_invalid_identifier_is_refused_and_not_repeated(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_stdin(monkeypatch, "")
    with pytest.raises(typer.BadParameter) as error:
        Identifier(**options).check(may_ask=True)
    assert HETU not in str(error.value)


def test_valid_identifier_is_accepted() -> None:
    Identifier(pid=PID).check(may_ask=True)
    Identifier(local_id="a b ä", system="acd").check(may_ask=True)
    Identifier(hetu_from_stdin=True).check(may_ask=False)
    assert HETU not in repr(Identifier(local_id=HETU, system="acd"))


def test_only_sources_of_the_county_that_send_care_may_erase(tmp_path: Path) -> None:
    assert allowed_source(CONFIG, "oma-hame", None) == "urn:hva:oma-hame:hva"
    assert allowed_source(CONFIG, "oma-hame", "urn:hva:oma-hame:tietosuoja") == "urn:hva:oma-hame:tietosuoja"
    for county, source in (("mordor", None), ("oma-hame", "urn:hva:pirha:hva"), ("oma-hame", "x")):
        with pytest.raises(typer.BadParameter):
            allowed_source(CONFIG, county, source)
    sources = {"urn:hva:oma-hame:hva": frozenset({"contact"}), "urn:hva:oma-hame:a": frozenset({"care"})}
    assert [may_write_care(sources, f"urn:hva:oma-hame:{name}") for name in ("hva", "a", "b")] == [False, True, False]
    with pytest.raises(VerbError):
        allowed_source(tmp_path, "oma-hame", None)


def test_erasure_event_is_accepted_by_ingest() -> None:
    sent = erasure("urn:hva:oma-hame:hva", PID, "2026-05-01T10:00:00Z", "0a1b")
    assert canonical(sent)["data"] == {"revision": 1, "erasure_id": "0a1b", "client": PID}
    assert sent.keys() == event().keys()


def test_receipt_contains_no_pseudonym() -> None:
    receipt = Receipt("oma-hame", "urn:hva:oma-hame:hva", "2026-05-01T10:00:00Z", [PID], ["e1"], {"nps": 2}, {"nps": 0})
    assert receipt.done and receipt.document()["facts"] == {"nps": {"before": 2, "now": 0}}
    assert PID not in str(receipt.document()) + str(receipt_lines(receipt))
    receipt.incomplete = ["fcr"]
    assert not receipt.done


def test_usage_error_does_not_repeat_the_identifier(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["hva", "erase", "--county", "oma-hame", "--local-id", HETU, "--system", "acd"])
    with pytest.raises(SystemExit) as ended:
        main()
    output = "".join(capsys.readouterr())
    assert ended.value.code == 2 and HETU not in output and "standard input" in output
