"""Settings of every service from the environment: read once and checked together, with all problems in one message."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from shared.keys import KeyFileError, read_private

CONFIG_DIR: Final = "deploy/config"
_BROKER: Final = r"([^\s:,\[\]]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}"
_BROKERS: Final = re.compile(rf"{_BROKER}(,{_BROKER})*")
_DSN: Final = re.compile(r"postgres(ql)?://\S+")


class SettingsError(Exception):
    """The environment lacks a setting or has an invalid one. The message lists every problem."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a service.

    `topic_prefix` isolates test runs on a shared broker; it is empty in production. `max_records` is the maximum number
    of records in one transaction. `gateway_port` None: the HTTP gateway of ingest is off; 0: any port.
    `publish_every_s`: seconds between two publications of current figures. `counties_at_once`: transactions of counties
    that run side by side, each with a connection of its own. `background_connections`: the connections to PostgreSQL on
    which all jobs of the replica run. `dead_letter_days`: how long closed dead letters are kept; None: for ever.
    """

    service: str
    kafka: str
    postgres: str
    config_dir: Path
    dead_letter_key_file: Path
    pseudonym_key_file: Path | None = None
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0
    log_level: str = "INFO"
    topic_prefix: str = ""
    max_records: int = 2500
    gateway_host: str = "127.0.0.1"
    gateway_port: int | None = None
    gateway_token_file: Path | None = None
    publish_every_s: int = 3600
    counties_at_once: int = 4
    background_connections: int = 3
    dead_letter_days: int | None = None


def read_settings(service: str, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of a service. Raises SettingsError naming every variable that is missing or wrong."""
    problems: list[str] = []

    def text(name: str, default: str | None = None) -> str:
        value = environ.get(name, default) or ""
        if not value:
            problems.append(f"{name} is not set")
        return value

    def matching(name: str, pattern: re.Pattern[str], requirement: str) -> str:
        value = text(name)
        if value and not pattern.fullmatch(value):
            problems.append(f"{name} must {requirement}")
        return value

    def number(name: str, default: int, low: int, high: int) -> int:
        value = environ.get(name, str(default))
        if value.isascii() and value.isdigit() and low <= int(value) <= high:
            return int(value)
        problems.append(f"{name} must be an integer from {low} to {high}")
        return default

    def database() -> str:
        url = matching("HVA_POSTGRES_URL", _DSN, "begin with postgresql://")
        try:
            return with_password(url, environ) if url else ""
        except SettingsError as error:
            problems.append(str(error))
            return ""

    has_gateway = service == "ingest" and bool(environ.get("HVA_GATEWAY_PORT"))
    token_file = environ.get("HVA_GATEWAY_TOKEN_FILE")
    settings = Settings(
        service=service,
        kafka=matching("HVA_KAFKA_BOOTSTRAP", _BROKERS, "be host:port, several separated by commas"),
        postgres=database(),
        config_dir=Path(text("HVA_CONFIG_DIR", CONFIG_DIR)),
        dead_letter_key_file=Path(text("HVA_LETTER_KEY_FILE")),
        pseudonym_key_file=Path(text("HVA_PSEUDONYM_KEY_FILE")) if service == "ingest" else None,
        metrics_host=text("HVA_METRICS_HOST", "127.0.0.1"),
        metrics_port=number("HVA_METRICS_PORT", 0, 0, 65535),
        log_level=_log_level(environ.get("HVA_LOG_LEVEL", "INFO"), problems),
        topic_prefix=environ.get("HVA_TOPIC_PREFIX", ""),
        max_records=number("HVA_MAX_RECORDS", 2500, 1, 10_000),
        gateway_host=text("HVA_GATEWAY_HOST", "127.0.0.1"),
        gateway_port=number("HVA_GATEWAY_PORT", 0, 0, 65535) if has_gateway else None,
        gateway_token_file=Path(token_file) if has_gateway and token_file else None,
        publish_every_s=number("HVA_PUBLISH_EVERY", 3600, 1, 86_400),
        counties_at_once=number("HVA_COUNTIES_AT_ONCE", 4, 2, 50),
        # A replay and a redrive each need a second connection while they hold one: with two they could wait for ever.
        background_connections=number("HVA_BACKGROUND_CONNECTIONS", 3, 3, 20),
        # Not shorter than Kafka retains a record: read again, it would become a new dead letter.
        dead_letter_days=number("HVA_LETTER_DAYS", 60, 60, 36_500) if environ.get("HVA_LETTER_DAYS") else None,
    )
    if problems:
        raise SettingsError("; ".join(problems))
    return settings


def with_password(url: str, environ: Mapping[str, str]) -> str:
    """Return the PostgreSQL URL with the password of HVA_POSTGRES_PASSWORD_FILE, if that is set."""
    path = environ.get("HVA_POSTGRES_PASSWORD_FILE")
    if not path:
        return url
    parts = urlsplit(url)
    if parts.password or not parts.username:
        raise SettingsError("HVA_POSTGRES_PASSWORD_FILE needs an HVA_POSTGRES_URL with a role and without a password")
    password = quote(read_password(Path(path), "HVA_POSTGRES_PASSWORD_FILE"), safe="")
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{password}@{host}"))


def read_password(path: Path, setting: str) -> str:
    """Return the password in a file of one line. Raises SettingsError naming the setting and the file."""
    try:
        password = read_private(path, "password file").strip()
    except KeyFileError as error:
        raise SettingsError(f"{setting}: {error}") from error
    if not password or not password.isprintable():
        raise SettingsError(f"{setting}: password file {path.name} is empty: write the password into it, on one line")
    return password


def _log_level(value: str, problems: list[str]) -> str:
    level = value.upper()
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        problems.append("HVA_LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR")
    return level
