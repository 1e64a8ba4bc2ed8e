"""Settings of `hva serve` from the environment, checked together with all problems in one message."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.settings import SettingsError, with_password

_DSN: Final = re.compile(r"postgres(ql)?://\S+")
_SERVICE: Final = re.compile(r"([a-z][a-z0-9-]*)=(http://[^\s,/]+)/?")
_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """`postgres` is the DSN of a reader. `port` 0: any. `services`: base URL of the pages of each service."""

    postgres: str
    host: str = "127.0.0.1"
    port: int = 0
    services: Mapping[str, str] = field(default_factory=dict)
    log_level: str = "INFO"


def read_serve_settings(environ: Mapping[str, str] = os.environ) -> ServeSettings:
    """Return the settings. Raises SettingsError naming every variable that is missing or wrong."""
    problems: list[str] = []
    url = environ.get("HVA_POSTGRES_URL", "")
    if not _DSN.fullmatch(url):
        problems.append("HVA_POSTGRES_URL must begin with postgresql://" if url else "HVA_POSTGRES_URL is not set")
    else:
        try:
            url = with_password(url, environ)
        except SettingsError as error:
            problems.append(str(error))
    port = environ.get("HVA_SERVE_PORT", "0")
    if not (port.isascii() and port.isdigit() and int(port) <= 65535):
        problems.append("HVA_SERVE_PORT must be an integer from 0 to 65535")
    services = [text.strip() for text in environ.get("HVA_SERVE_SERVICES", "").split(",") if text.strip()]
    found = [_SERVICE.fullmatch(text) for text in services]
    if None in found:
        problems.append("HVA_SERVE_SERVICES must be name=http://host:port, several separated by commas")
    level = environ.get("HVA_LOG_LEVEL", "INFO").upper()
    if level not in _LEVELS:
        problems.append(f"HVA_LOG_LEVEL must be one of {', '.join(_LEVELS)}")
    if problems:
        raise SettingsError("; ".join(problems))
    return ServeSettings(
        postgres=url,
        host=environ.get("HVA_SERVE_HOST") or "127.0.0.1",
        port=int(port),
        services={match[1]: match[2] for match in found if match},
        log_level=level,
    )
