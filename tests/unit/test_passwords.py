"""Passwords and keys in files: who may read them, and one clear sentence where they are missing, empty or open."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy.hva.context import VerbError, resolve
from shared import keys
from shared.keys import KeyFileError, read_keys
from shared.settings import SettingsError, read_password, read_settings, with_password

URL = "postgresql://hva_nps@db:5432/hva"
KEY = f"k1 {'A' * 43}=\n"


def private(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_password_stands_quoted_in_the_url(tmp_path: Path) -> None:
    file = private(tmp_path / "hva_nps", "a/b@c:d%\n")
    told = with_password(URL, {"HVA_POSTGRES_PASSWORD_FILE": str(file)})
    assert told == "postgresql://hva_nps:a%2Fb%40c%3Ad%25@db:5432/hva"
    assert with_password(URL, {}) == URL


@pytest.mark.parametrize("text", ["", "\n", "  \n", "two\nlines"])
def test_an_empty_password_is_one_sentence(tmp_path: Path, text: str) -> None:
    file = private(tmp_path / "hva_nps", text)
    with pytest.raises(SettingsError, match=r"^SETTING: password file hva_nps is empty: write"):
        read_password(file, "SETTING")


def test_a_missing_password_names_setting_and_file_and_no_other_problem_is_lost(tmp_path: Path) -> None:
    env = {"HVA_POSTGRES_URL": URL, "HVA_POSTGRES_PASSWORD_FILE": str(tmp_path / "hva_nps")}
    with pytest.raises(SettingsError) as told:
        read_settings("nps", env)
    sentence = "HVA_POSTGRES_PASSWORD_FILE: password file hva_nps cannot be read: FileNotFoundError"
    assert sentence in str(told.value) and "HVA_KAFKA_BOOTSTRAP is not set" in str(told.value)
    with pytest.raises(VerbError, match="hva_nps cannot be read"):
        resolve(None, {**env, "HVA_KAFKA_BOOTSTRAP": "kafka:9092"})


@pytest.mark.parametrize("url", ["postgresql://hva_nps:secret@db/hva", "postgresql://db/hva"])
def test_a_password_needs_a_role_and_a_place_of_its_own(tmp_path: Path, url: str) -> None:
    file = private(tmp_path / "hva_nps", "word")
    with pytest.raises(SettingsError, match="with a role and without a password"):
        with_password(url, {"HVA_POSTGRES_PASSWORD_FILE": str(file)})


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o444])
def test_a_file_that_others_may_read_stops_the_start(tmp_path: Path, mode: int) -> None:
    with pytest.raises(KeyFileError, match="open to others"):
        read_keys(private(tmp_path / "letter_keys", KEY, mode))


@pytest.mark.parametrize(("flags", "where", "right"), [(1, ".", True), (0, ".", False), (1, "other", False)])
def test_a_secret_of_a_container_is_mounted_read_only_where_secrets_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: int, where: str, right: bool
) -> None:
    file = private(tmp_path / "letter_keys", KEY, 0o444)
    monkeypatch.setattr(keys, "_MOUNTED", tmp_path / where)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=flags))
    if right:
        assert read_keys(file)
    else:
        with pytest.raises(KeyFileError, match="open to others"):
            read_keys(file)
