"""Creates what the services need before they start: roles, database, tables, topics, keys."""

import asyncio
import json
import os
import secrets
from collections.abc import Awaitable
from pathlib import Path

from deploy.embedded.files import write_private
from deploy.embedded.keys import ensure_key_file
from deploy.embedded.run_paths import RunPaths
from deploy.embedded.services import DATABASE, SERVICES


async def run_all(*tasks: Awaitable[object]) -> None:
    """Awaits all tasks. If one fails, cancels the others and raises its error."""
    pending = [asyncio.ensure_future(task) for task in tasks]
    try:
        await asyncio.gather(*pending)
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)


def ensure_passwords(paths: RunPaths) -> dict[str, str]:
    """The password of every role. Passwords stay the same for the lifetime of the run folder."""
    from shared.postgres.bootstrap import ROLES

    path = paths.secrets_file
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    wanted = {role: known.get(role) or secrets.token_urlsafe(24) for role in ROLES}
    if wanted != known:
        write_private(path, json.dumps(wanted))
    return wanted


async def prepare_database(
    admin_dsn: str, migrate_dsn: str, passwords: dict[str, str], reader_county: str | None = None
) -> None:
    """Creates roles, database and tables where they do not exist, and a role that reads one county."""
    from shared.postgres.bootstrap import bootstrap
    from shared.postgres.migrate import migrate
    from shared.postgres.readers import reader_role

    reader = reader_role(reader_county) if reader_county else None
    await bootstrap(admin_dsn, passwords, DATABASE, reader)
    await migrate(migrate_dsn, SERVICES, reader_county)


async def prepare_topics(bootstrap_servers: str) -> None:
    """Creates the topics of the catalogue that do not exist."""
    from shared.edge.topics import ensure_topics

    await ensure_topics(bootstrap_servers)


def pseudonym_keys(paths: RunPaths) -> Path:
    """The pseudonym key file: from the environment, else in the run folder."""
    return _path_from_env("HVA_PSEUDONYM_KEY_FILE") or ensure_key_file(paths.dir / "pseudonym.keys", "k1")


def dead_letter_keys(paths: RunPaths) -> Path:
    """The dead letter key file: from the environment, else in the run folder."""
    return _path_from_env("HVA_LETTER_KEY_FILE") or ensure_key_file(paths.dir / "letter.keys", "l1")


def _path_from_env(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value).absolute() if value else None
