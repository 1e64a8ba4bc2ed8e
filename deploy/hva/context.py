"""The Kafka and PostgreSQL that a verb uses: those of the environment, else those of the embedded run."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from deploy.embedded.run_paths import RunPaths, run_dir
from deploy.embedded.runfile import Run, is_live, read_run
from deploy.embedded.services import config_dir
from shared.event_files import STANDARD_INPUT, readable_name
from shared.settings import SettingsError, with_password

CONNECT_TIMEOUT_S: Final = 10.0
QUERY_TIMEOUT_S: Final = 60.0
"""Limits of verbs that read published figures."""

Dir = Annotated[
    Path | None,
    typer.Option("--dir", metavar="D", help="Folder of the embedded run (default: HVA_DIR, else .hva)"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON")]


def _event_file(name: str) -> Path:
    path = Path(name)
    if path != STANDARD_INPUT and (path.is_dir() or not os.access(path, os.R_OK)):
        raise typer.BadParameter(f"{readable_name(path)} does not exist or is not a readable file")
    return path


EVENT_FILES = typer.Argument(
    metavar="FILE...", parser=_event_file, help="JSON Lines, plain or compressed with gzip or zstd; - is standard input"
)


class VerbError(Exception):
    """A verb failed. The arguments are sentences for the user; the command exits with code 1."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


@dataclass(frozen=True, slots=True)
class Connection:
    """Addresses, key files and registers. DSNs hold passwords: never print or log them."""

    kafka: str  # host:port[,host:port]
    postgres_steward: str
    postgres_reader: str | None  # this and the next two: embedded run only
    postgres_admin: str | None
    postgres_migrate: str | None
    config_dir: Path
    key_file: Path | None
    dead_letter_key_file: Path | None
    services: Mapping[str, str]  # name: base URL of its /metrics, /livez, /readyz
    pages: str | None = None  # URL of the front page; embedded run only
    topic_prefix: str = ""  # HVA_TOPIC_PREFIX of the services

    @property
    def postgres_published(self) -> str:
        """For published figures: as `hva_reader` where its DSN is known, else as the role of the settings."""
        return self.postgres_reader or self.postgres_steward


def resolve(folder: Path | None = None, env: Mapping[str, str] = os.environ) -> Connection:
    """The connection that a verb uses. Raises VerbError when the settings name no servers and nothing runs."""
    kafka, postgres = env.get("HVA_KAFKA_BOOTSTRAP"), env.get("HVA_POSTGRES_URL")
    if kafka and postgres:
        return _from_environment(kafka, postgres, env)
    run = live_run(folder)
    if run.kafka is None or "steward" not in run.postgres:
        raise VerbError(f"The run in {run_dir(folder)} is still starting: try again in a few seconds.")
    return _from_run(run, kafka or run.kafka, postgres or run.postgres["steward"], env)


def live_run(folder: Path | None) -> Run:
    """The embedded run of the folder. Raises VerbError when there is none."""
    paths = RunPaths(run_dir(folder))
    run = read_run(paths)
    if run is not None:
        return run
    if is_live(paths):
        raise VerbError(f"The run in {paths.dir} is still starting: try again in a few seconds.")
    raise VerbError(f"Nothing runs in {display_path(paths.dir)}: start it with `hva up{_dir_option(folder)}`.")


def display_path(path: Path) -> str:
    """The path relative to the current directory where possible."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def as_sentence(error: Exception) -> str:
    """The message of an error, with a capital letter and a full stop."""
    message = str(error)
    return f"{message[0].upper()}{message[1:]}."


def plural(number: int, thing: str) -> str:
    """A count with its noun: `1 event`, `2 events`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _dir_option(folder: Path | None) -> str:
    return f" --dir {folder}" if folder else ""


def _from_environment(kafka: str, postgres: str, env: Mapping[str, str]) -> Connection:
    return Connection(
        kafka=kafka,
        postgres_steward=_with_password(postgres, env),
        postgres_reader=None,
        postgres_admin=None,
        postgres_migrate=None,
        config_dir=config_dir(env),
        key_file=_path(env.get("HVA_PSEUDONYM_KEY_FILE")),
        dead_letter_key_file=_path(env.get("HVA_LETTER_KEY_FILE")),
        services={},
        topic_prefix=env.get("HVA_TOPIC_PREFIX", ""),
    )


def _with_password(url: str, env: Mapping[str, str]) -> str:
    try:
        return with_password(url, env)
    except SettingsError as error:
        raise VerbError(f"{error}.") from None


def _from_run(run: Run, kafka: str, postgres: str, env: Mapping[str, str]) -> Connection:
    dsns: Mapping[str, Any] = run.postgres
    return Connection(
        kafka=kafka,
        postgres_steward=postgres,
        # The reader of the run belongs to its database, which the settings may not name.
        postgres_reader=dsns.get("reader") if postgres == dsns["steward"] else None,
        postgres_admin=dsns.get("admin"),
        postgres_migrate=dsns.get("migrate"),
        config_dir=_path(env.get("HVA_CONFIG_DIR")) or _path(run.config_dir) or config_dir(env),
        key_file=_path(env.get("HVA_PSEUDONYM_KEY_FILE")) or _path(run.key_file),
        dead_letter_key_file=_path(env.get("HVA_LETTER_KEY_FILE")) or _path(run.letter_key_file),
        services={name: str(service["metrics"]) for name, service in run.services.items()},
        pages=run.serve.get("url"),
    )


def _path(text: str | None) -> Path | None:
    return Path(text).absolute() if text else None
