"""The defaults that docs/operations.md gives for settings are those in force."""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.embedded.run_paths import cache_dir, run_dir
from shared.settings import Settings, SettingsError, read_settings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(HVA_[A-Z_]+)` \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
TOLD = {name: default.strip() for name, default, _ in ROWS}
MEANINGS = {name: meaning for name, _, meaning in ROWS}
NEEDED = {
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
    "HVA_PUBLISH_EVERY": "publish_every_s",
    "HVA_TOPIC_PREFIX": "topic_prefix",
    "HVA_GATEWAY_PORT": "gateway_port",
    "HVA_GATEWAY_HOST": "gateway_host",
    "HVA_GATEWAY_TOKEN_FILE": "gateway_token_file",
}
ELSEWHERE = {"HVA_POSTGRES_PASSWORD_FILE", "HVA_ROLE_PASSWORDS_DIR"}  # no fields; test_passwords looks at them
WORDS: Mapping[str, object] = {"empty": "", "off": None, "none: anyone may send": None}


def starts(service: str, environ: Mapping[str, str]) -> bool:
    try:
        read_settings(service, environ)
    except SettingsError:
        return False
    return True


def test_every_default_is_looked_at() -> None:
    assert set(TOLD) == {*NEEDED, *FIELDS, *ELSEWHERE, "HVA_DIR", "HVA_CACHE_DIR"}


@pytest.mark.parametrize("name", FIELDS)
def test_a_default_of_services(name: str) -> None:
    told = TOLD[name]
    expected = WORDS[told] if told in WORDS else told.strip("`")
    found = getattr(read_settings("ingest", NEEDED), FIELDS[name])
    assert (found if found is None else str(found)) == expected


def test_what_is_made_without_an_environment_has_the_same_defaults() -> None:
    read = read_settings("ingest", NEEDED)
    for field in dataclasses.fields(Settings):
        if field.default is not dataclasses.MISSING and field.name != "pseudonym_key_file":
            assert getattr(read, field.name) == field.default, field.name


@pytest.mark.parametrize("name", NEEDED)
def test_what_is_needed(name: str) -> None:
    without = {other: value for other, value in NEEDED.items() if other != name}
    of_ingest_alone = TOLD[name] == "needed by `ingest`, by nobody else"
    assert of_ingest_alone or TOLD[name] == "needed"
    assert starts("ingest", NEEDED) and not starts("ingest", without)
    assert starts("nps", without) == of_ingest_alone


def test_the_folders_of_the_embedded_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HVA_DIR", "HVA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert run_dir() == Path(TOLD["HVA_DIR"].strip("`")).absolute()
    assert cache_dir() == Path(TOLD["HVA_CACHE_DIR"].strip("`")).expanduser()


def test_limits_and_lists() -> None:
    (low, high) = re.findall(r"(\d+) to (\d+)", MEANINGS["HVA_MAX_RECORDS"])[0]
    for value, right in ((low, True), (high, True), (str(int(low) - 1), False), (str(int(high) + 1), False)):
        assert starts("nps", {**NEEDED, "HVA_MAX_RECORDS": value}) == right, value
    levels = re.findall(r"`([A-Z]+)`", MEANINGS["HVA_LOG_LEVEL"])
    assert [level for level in levels if starts("nps", {**NEEDED, "HVA_LOG_LEVEL": level})] == levels
    assert len(levels) == 4 and not starts("nps", {**NEEDED, "HVA_LOG_LEVEL": "LOUD"})
