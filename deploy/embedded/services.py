"""The services of a run and the settings that each of them starts with."""

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.embedded.ports import LOOPBACK
from deploy.embedded.process import Launch
from deploy.embedded.run_paths import PROJECT

SERVICES = ("ingest", "nps", "fcr", "segments")
"""In start order; they stop in reverse order."""

PARTS = ("kafka", "postgres", "services")
"""What a supervisor can start; the services need both servers."""

DATABASE = "hva"
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
    inherited = {key: value for key, value in os.environ.items() if key not in _NOT_INHERITED}
    argv = [sys.executable, "-m", f"services.{name}"]
    return Launch(name, argv, inherited | settings, PROJECT, signal.SIGTERM, stop_timeout=30.0)
