"""Settings and key files: all problems are reported at once with their remedy, and no secret is shown."""

import base64
from pathlib import Path

import pytest

from shared.keys import KeyFileError, read_keys
from shared.settings import SettingsError, read_settings

GOOD = {
    "HVA_KAFKA_BOOTSTRAP": "127.0.0.1:9092",
    "HVA_POSTGRES_URL": "postgresql://x",
    "HVA_LETTER_KEY_FILE": "letter.keys",
    "HVA_PSEUDONYM_KEY_FILE": "pseudonym.keys",
}
SECRET = base64.b64encode(b"s" * 32).decode()


def test_defaults_are_filled_in() -> None:
    settings = read_settings("nps", GOOD)
    assert settings.config_dir == Path("deploy/config")
    assert (settings.metrics_host, settings.max_records, settings.topic_prefix) == ("127.0.0.1", 2500, "")
    assert settings.pseudonym_key_file is None  # only ingest needs it
    assert read_settings("ingest", GOOD).pseudonym_key_file == Path("pseudonym.keys")


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        read_settings("ingest", {"HVA_METRICS_PORT": "70000", "HVA_LOG_LEVEL": "loud", "HVA_MAX_RECORDS": "x"})
    for name in (*GOOD, "HVA_METRICS_PORT", "HVA_LOG_LEVEL", "HVA_MAX_RECORDS"):
        assert name in str(error.value)


def key_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "some.keys"
    path.touch(mode=mode)
    path.chmod(mode)
    path.write_text(text)
    return path


def test_keys_are_read_in_order_and_hidden_in_repr(tmp_path: Path) -> None:
    keys = read_keys(key_file(tmp_path, f"# ours\nk2 {SECRET}\n\nk1 {SECRET}\n"))
    assert [key.id for key in keys] == ["k2", "k1"]
    assert keys[0].secret == b"s" * 32
    assert "sss" not in repr(keys)


@pytest.mark.parametrize(
    ("text", "mode", "message"),
    [
        (f"k1 {SECRET}\n", 0o644, "chmod 600"),
        ("", 0o600, "is empty"),
        ("k1\n", 0o600, "line 1"),
        (f"k1 {SECRET}\nk1 {SECRET}\n", 0o600, "duplicate key id"),
        ("k1 c2hvcnQ=\n", 0o600, "at least 32 bytes"),
        (f"k.1 {SECRET}\n", 0o600, "1-32"),
        ("k1 ä\n", 0o600, "cannot be read"),
    ],
)
def test_invalid_key_file_is_refused(tmp_path: Path, text: str, mode: int, message: str) -> None:
    with pytest.raises(KeyFileError, match=message) as error:
        read_keys(key_file(tmp_path, text, mode))
    assert SECRET not in str(error.value)


def test_missing_key_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="cannot be read"):
        read_keys(tmp_path / "none")
