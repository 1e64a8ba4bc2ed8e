"""When the gateway is enabled, and which tokens it accepts."""

from pathlib import Path

import pytest

from services.ingest.gateway_tokens import read_tokens
from shared.keys import KeyFileError
from shared.settings import SettingsError, read_settings

TOKEN = "correct-horse-battery-staple"


def test_token_file_has_one_token_per_line(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.touch(mode=0o600)
    path.write_text(f"# the contact centre\n{TOKEN}\n\n{'y' * 20}\n")
    tokens = read_tokens(path)
    assert tokens.admit(f"Bearer {TOKEN}")
    assert tokens.admit(f"Bearer {'y' * 20}")
    assert not tokens.admit("Bearer # the contact centre")


@pytest.mark.parametrize(("text", "mode"), [("", 0o600), ("# none\n", 0o600), ("short\n", 0o600), (TOKEN, 0o644)])
def test_unsafe_token_file_is_refused(tmp_path: Path, text: str, mode: int) -> None:
    path = tmp_path / "tokens"
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="tokens"):
        read_tokens(path)
    with pytest.raises(KeyFileError, match="cannot be read"):
        read_tokens(tmp_path / "none")


def test_gateway_is_off_unless_a_port_is_set() -> None:
    required = {
        "HVA_KAFKA_BOOTSTRAP": "k:1",
        "HVA_POSTGRES_URL": "postgresql://p",
        "HVA_LETTER_KEY_FILE": "l",
        "HVA_PSEUDONYM_KEY_FILE": "s",
    }
    assert read_settings("ingest", required).gateway_port is None
    enabled = required | {"HVA_GATEWAY_PORT": "8080", "HVA_GATEWAY_TOKEN_FILE": "t"}
    settings = read_settings("ingest", enabled)
    assert (settings.gateway_host, settings.gateway_port, settings.gateway_token_file) == ("127.0.0.1", 8080, Path("t"))
    assert read_settings("nps", enabled).gateway_port is None
    with pytest.raises(SettingsError, match="HVA_GATEWAY_PORT"):
        read_settings("ingest", required | {"HVA_GATEWAY_PORT": "http"})
