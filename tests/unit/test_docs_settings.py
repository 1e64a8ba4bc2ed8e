"""The defaults and limits of settings in docs/operations.md are those of the code."""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.embedded.run_paths import cache_dir, run_dir
from deploy.serve.settings import read_serve_settings
from shared.settings import Settings, SettingsError, read_settings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(HVA_[A-Z_]+)` \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
DEFAULTS = {name: default.strip() for name, default, _ in ROWS}
MEANINGS = {name: meaning for name, _, meaning in ROWS}
REQUIRED = {
    "HVA_KAFKA_BOOTSTRAP": "127.0.0.1:9092",
    "HVA_POSTGRES_URL": "postgresql://x",
    "HVA_LETTER_KEY_FILE": "letter.keys",
    "HVA_PSEUDONYM_KEY_FILE": "pseudonym.keys",
}
FIELDS = {
    "HVA_CONFIG_DIR": "config_dir",
    "HVA_METRICS_HOST": "metrics_host",
    "HVA_METRICS_PORT": "metrics_port",
    "HVA_LOG_LEVEL": "log_level",
    "HVA_MAX_RECORDS": "max_records",
    "HVA_COUNTIES_AT_ONCE": "counties_at_once",
    "HVA_PUBLISH_EVERY": "publish_every_s",
    "HVA_BACKGROUND_CONNECTIONS": "background_connections",
    "HVA_LETTER_DAYS": "dead_letter_days",
    "HVA_TOPIC_PREFIX": "topic_prefix",
    "HVA_GATEWAY_PORT": "gateway_port",
    "HVA_GATEWAY_HOST": "gateway_host",
    "HVA_GATEWAY_TOKEN_FILE": "gateway_token_file",
}
SERVE_FIELDS = {"HVA_SERVE_PORT": "port", "HVA_SERVE_HOST": "host", "HVA_SERVE_SERVICES": "services"}
NOT_FIELDS = {"HVA_POSTGRES_PASSWORD_FILE", "HVA_ROLE_PASSWORDS_DIR"}  # checked by test_passwords
VALUES_OF_WORDS: Mapping[str, object] = {
    "empty": "",
    "off": None,
    "none: anyone may send": None,
    "none: the front page shows no services": "{}",
}


def accepts(service: str, environ: Mapping[str, str]) -> bool:
    try:
        read_settings(service, environ)
    except SettingsError:
        return False
    return True


def test_every_documented_default_is_checked() -> None:
    assert set(DEFAULTS) == {*REQUIRED, *FIELDS, *SERVE_FIELDS, *NOT_FIELDS, "HVA_DIR", "HVA_CACHE_DIR"}


@pytest.mark.parametrize("name", FIELDS)
def test_documented_default_is_the_default_of_the_setting(name: str) -> None:
    documented = DEFAULTS[name]
    expected = VALUES_OF_WORDS[documented] if documented in VALUES_OF_WORDS else documented.strip("`")
    found = getattr(read_settings("ingest", REQUIRED), FIELDS[name])
    assert (found if found is None else str(found)) == expected


@pytest.mark.parametrize("name", SERVE_FIELDS)
def test_documented_default_is_the_default_of_the_pages(name: str) -> None:
    documented = DEFAULTS[name]
    expected = VALUES_OF_WORDS.get(documented, documented.strip("`"))
    assert str(getattr(read_serve_settings(REQUIRED), SERVE_FIELDS[name])) == expected


def test_defaults_of_the_dataclass_are_the_same() -> None:
    read = read_settings("ingest", REQUIRED)
    for field in dataclasses.fields(Settings):
        if field.default is not dataclasses.MISSING and field.name != "pseudonym_key_file":
            assert getattr(read, field.name) == field.default, field.name


@pytest.mark.parametrize("name", REQUIRED)
def test_required_settings_are_documented_and_required(name: str) -> None:
    without = {other: value for other, value in REQUIRED.items() if other != name}
    by_ingest_only = DEFAULTS[name] == "required by `ingest` only"
    assert by_ingest_only or DEFAULTS[name] == "required"
    assert accepts("ingest", REQUIRED) and not accepts("ingest", without)
    assert accepts("nps", without) == by_ingest_only


def test_documented_folders_of_the_embedded_run_are_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HVA_DIR", "HVA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert run_dir() == Path(DEFAULTS["HVA_DIR"].strip("`")).absolute()
    assert cache_dir() == Path(DEFAULTS["HVA_CACHE_DIR"].strip("`")).expanduser()


def test_documented_limits_and_log_levels_are_those_accepted() -> None:
    (low, high) = re.findall(r"(\d+) to (\d+)", MEANINGS["HVA_MAX_RECORDS"])[0]
    for value, is_valid in ((low, True), (high, True), (str(int(low) - 1), False), (str(int(high) + 1), False)):
        assert accepts("nps", {**REQUIRED, "HVA_MAX_RECORDS": value}) == is_valid, value
    levels = re.findall(r"`([A-Z]+)`", MEANINGS["HVA_LOG_LEVEL"])
    assert [level for level in levels if accepts("nps", {**REQUIRED, "HVA_LOG_LEVEL": level})] == levels
    assert len(levels) == 4 and not accepts("nps", {**REQUIRED, "HVA_LOG_LEVEL": "LOUD"})
