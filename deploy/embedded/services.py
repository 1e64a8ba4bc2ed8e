"""The services of a run and the settings that each of them starts with."""

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.embedded.errors import EmbeddedError
from deploy.embedded.ports import LOOPBACK
from deploy.embedded.process import Launch
from deploy.embedded.run_paths import PROJECT

SERVICES = ("ingest", "nps", "fcr", "segments")
"""In start order; they stop in reverse order."""

PARTS = ("kafka", "postgres", "services")
"""What a supervisor can start; the services need both servers."""

DATABASE = "hva"
PAGES = "serve"
"""The process of the pages for people; it starts with the services and is not one of them."""

_NOT_INHERITED = ("HVA_PSEUDONYM_KEY_FILE", "HVA_TOPIC_PREFIX")  # a run has its own topics: no prefix
_PSEUDONYM_KEY_READER = "ingest"  # no later service sees a client's identifier


def config_dir(env: Mapping[str, str] = os.environ) -> Path:
    """The folder of registers: `HVA_CONFIG_DIR`, else the project's own."""
    return Path(env.get("HVA_CONFIG_DIR") or PROJECT / "deploy" / "config").absolute()


def service_launch(
    name: str, *, kafka: str, postgres: str, port: int, config: Path, keys: Path, dead_letter_keys: Path
) -> Launch:
    """How to start the service. `postgres` is the DSN of its own role, `port` is its metrics port."""
    settings = {
        "HVA_KAFKA_BOOTSTRAP": kafka,
        "HVA_POSTGRES_URL": postgres,
        "HVA_CONFIG_DIR": str(config),
        "HVA_LETTER_KEY_FILE": str(dead_letter_keys),
        "HVA_METRICS_HOST": LOOPBACK,
        "HVA_METRICS_PORT": str(port),
        "PYTHONUNBUFFERED": "1",
    }
    if name == _PSEUDONYM_KEY_READER:
        settings["HVA_PSEUDONYM_KEY_FILE"] = str(keys)
    argv = [sys.executable, "-m", f"services.{name}"]
    return Launch(name, argv, _inherited() | settings, PROJECT, signal.SIGTERM, stop_timeout=30.0)


def pages_settings(reader: str, services: Mapping[str, str]) -> dict[str, str]:
    """The settings of `hva serve` for a run: the DSN of its reader, and the base URL of each service."""
    return {
        "HVA_POSTGRES_URL": reader,
        "HVA_POSTGRES_PASSWORD_FILE": "",
        "HVA_SERVE_SERVICES": ",".join(f"{name}={url}" for name, url in services.items()),
    }


def pages_launch(reader: str, services: Mapping[str, str], port: int) -> Launch:
    """How to start the pages on a port."""
    settings = pages_settings(reader, services) | {
        "HVA_SERVE_HOST": LOOPBACK,
        "HVA_SERVE_PORT": str(port),
        "PYTHONUNBUFFERED": "1",
    }
    argv = [sys.executable, "-m", "deploy.serve"]
    return Launch(PAGES, argv, _inherited() | settings, PROJECT, signal.SIGTERM, stop_timeout=10.0)


def pages_port(env: Mapping[str, str] = os.environ) -> int | None:
    """The port that the user chose for the pages; None: any. Raises EmbeddedError."""
    text = env.get("HVA_SERVE_PORT") or "0"
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise EmbeddedError("HVA_SERVE_PORT must be an integer from 0 to 65535.")
    return int(text) or None


def _inherited() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key not in _NOT_INHERITED}
