"""`hva migrate`: create the roles, the database and the tables of this version in your own PostgreSQL."""

import asyncio
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from deploy.embedded.services import DATABASE
from deploy.embedded.stores import prepare_database
from deploy.hva.context import VerbError
from deploy.hva.output import print_text
from deploy.hva.server_wait import WAIT_S, Wait, retry_until_reachable
from shared.settings import SettingsError, read_password, with_password


def register(app: typer.Typer) -> None:
    @app.command()
    def migrate(
        wait: Wait = WAIT_S,
        reader_county: Annotated[
            str | None, typer.Option(metavar="C", help="Make a role that reads the published figures of this county")
        ] = None,
    ) -> None:
        """Prepare the PostgreSQL of HVA_POSTGRES_URL (an administrator's) for this version."""
        run(os.environ, wait, reader_county)
        print_text(f"The database {DATABASE} is ready for this version.")


def run(env: Mapping[str, str], wait: float, reader_county: str | None = None) -> None:
    """Create what is missing and set passwords. Leaves everything else unchanged. Raises VerbError."""
    from shared.postgres.bootstrap import DatabaseMismatchError, dsn_for
    from shared.postgres.migrate import MigrationError
    from shared.postgres.readers import reader_role

    try:
        reader = reader_role(reader_county) if reader_county else None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    admin, passwords = _settings(env, reader)
    # The password of a role may contain any character, and a DSN holds it percent-encoded.
    owner = dsn_for(admin, DATABASE, "hva_migrate", quote(passwords["hva_migrate"], safe=""))
    try:
        prepare = partial(prepare_database, admin, owner, passwords, reader_county)
        asyncio.run(retry_until_reachable("PostgreSQL", prepare, wait))
    except (DatabaseMismatchError, MigrationError) as error:
        raise VerbError(f"{str(error)[0].upper()}{str(error)[1:]}.") from None


def _settings(env: Mapping[str, str], reader: str | None) -> tuple[str, dict[str, str]]:
    """The administrator's DSN and the password of every role. Raises VerbError with every problem."""
    from shared.postgres.bootstrap import ROLES

    url, folder = env.get("HVA_POSTGRES_URL"), env.get("HVA_ROLE_PASSWORDS_DIR")
    if not url or not folder:
        raise VerbError("HVA_POSTGRES_URL (an administrator's) and HVA_ROLE_PASSWORDS_DIR are needed.")
    problems: list[str] = []

    def password(role: str) -> str:
        try:
            return read_password(Path(folder, role), "HVA_ROLE_PASSWORDS_DIR")
        except SettingsError as error:
            problems.append(str(error))
            return ""

    passwords = {role: password(role) for role in (*ROLES, *([reader] if reader else []))}
    try:
        url = with_password(url, env)
    except SettingsError as error:
        problems.append(str(error))
    if problems:
        raise VerbError(f"{'; '.join(problems)}.")
    return url, passwords
