"""Passwords and keys in files: access rights, and one clear sentence when a file is missing, empty or open."""

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


def test_password_is_quoted_in_the_url(tmp_path: Path) -> None:
    file = private(tmp_path / "hva_nps", "a/b@c:d%\n")
    url = with_password(URL, {"HVA_POSTGRES_PASSWORD_FILE": str(file)})
    assert url == "postgresql://hva_nps:a%2Fb%40c%3Ad%25@db:5432/hva"
    assert with_password(URL, {}) == URL


@pytest.mark.parametrize("text", ["", "\n", "  \n", "two\nlines"])
def test_empty_password_file_gives_one_sentence(tmp_path: Path, text: str) -> None:
    file = private(tmp_path / "hva_nps", text)
    with pytest.raises(SettingsError, match=r"^SETTING: password file hva_nps is empty: write"):
        read_password(file, "SETTING")


def test_missing_password_file_is_reported_with_all_other_problems(tmp_path: Path) -> None:
    env = {"HVA_POSTGRES_URL": URL, "HVA_POSTGRES_PASSWORD_FILE": str(tmp_path / "hva_nps")}
    with pytest.raises(SettingsError) as error:
        read_settings("nps", env)
    sentence = "HVA_POSTGRES_PASSWORD_FILE: password file hva_nps cannot be read: FileNotFoundError"
    assert sentence in str(error.value) and "HVA_KAFKA_BOOTSTRAP is not set" in str(error.value)
    with pytest.raises(VerbError, match="hva_nps cannot be read"):
        resolve(None, {**env, "HVA_KAFKA_BOOTSTRAP": "kafka:9092"})


@pytest.mark.parametrize("url", ["postgresql://hva_nps:secret@db/hva", "postgresql://db/hva"])
def test_password_file_needs_a_url_with_role_and_no_password(tmp_path: Path, url: str) -> None:
    file = private(tmp_path / "hva_nps", "word")
    with pytest.raises(SettingsError, match="with a role and without a password"):
        with_password(url, {"HVA_POSTGRES_PASSWORD_FILE": str(file)})


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o444])
def test_key_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(KeyFileError, match="open to others"):
        read_keys(private(tmp_path / "letter_keys", KEY, mode))


@pytest.mark.parametrize(("flags", "folder", "accepted"), [(1, ".", True), (0, ".", False), (1, "other", False)])
def test_container_secret_must_be_mounted_read_only_in_the_secrets_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: int, folder: str, accepted: bool
) -> None:
    file = private(tmp_path / "letter_keys", KEY, 0o444)
    monkeypatch.setattr(keys, "_MOUNTED", tmp_path / folder)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=flags))
    if accepted:
        assert read_keys(file)
    else:
        with pytest.raises(KeyFileError, match="open to others"):
            read_keys(file)
