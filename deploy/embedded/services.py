"""The services of a run, and the settings each of them is started with."""

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.embedded.ports import LOOPBACK
from deploy.embedded.process import Launch
from deploy.embedded.run_paths import PROJECT

SERVICES = ("ingest", "nps", "fcr", "segments")
"""In the order of their start; they are stopped in the reverse order."""

PARTS = ("kafka", "postgres", "services")
"""What a supervisor can start; the services need both servers."""

DATABASE = "hva"
_NOT_HANDED_ON = ("HVA_PSEUDONYM_KEY_FILE", "HVA_TOPIC_PREFIX")  # topics of a run are its own: no prefix
_READS_PSEUDONYM_KEYS = "ingest"  # nobody behind it ever sees who a client is


def config_dir(env: Mapping[str, str] = os.environ) -> Path:
    """The folder of registers: `HVA_CONFIG_DIR`, else the one that comes with the project."""
    return Path(env.get("HVA_CONFIG_DIR") or PROJECT / "deploy" / "config").absolute()


def service_launch(
    name: str, *, kafka: str, postgres: str, port: int, config: Path, keys: Path, letter_keys: Path
) -> Launch:
    """How the service is started; `postgres` is the DSN of its own role, `port` that of its metrics."""
    ours = {
        "HVA_KAFKA_BOOTSTRAP": kafka,
        "HVA_POSTGRES_URL": postgres,
        "HVA_CONFIG_DIR": str(config),
        "HVA_LETTER_KEY_FILE": str(letter_keys),
        "HVA_METRICS_HOST": LOOPBACK,
        "HVA_METRICS_PORT": str(port),
        "PYTHONUNBUFFERED": "1",
    }
    if name == _READS_PSEUDONYM_KEYS:
        ours["HVA_PSEUDONYM_KEY_FILE"] = str(keys)
    others = {key: value for key, value in os.environ.items() if key not in _NOT_HANDED_ON}
    argv = [sys.executable, "-m", f"services.{name}"]
    return Launch(name, argv, others | ours, PROJECT, signal.SIGTERM, patience=30.0)
