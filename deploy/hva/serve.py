"""`hva serve`: serves the reports and the state of the pipeline as pages."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.hva.context import Dir, VerbError, live_run
from deploy.hva.output import print_text

if TYPE_CHECKING:
    from deploy.serve.settings import ServeSettings


def register(app: typer.Typer) -> None:
    @app.command()
    def serve(
        port: Annotated[
            int | None, typer.Option(min=0, max=65535, help="Port on this machine (default: HVA_SERVE_PORT, else any)")
        ] = None,
        dir: Dir = None,
    ) -> None:
        """Serve the reports and the state of the pipeline as pages, read-only, until Ctrl-C.

        It is part of `hva up`; use this for another port, or for a database of your own (HVA_POSTGRES_URL of
        hva_reader).
        """
        from deploy.serve.database import WrongRoleError
        from deploy.serve.run import serve
        from shared.settings import SettingsError

        try:
            settings = _settings(dir, os.environ)
            chosen = settings if port is None else replace(settings, port=port)
            asyncio.run(serve(chosen, listening=lambda url: print_text(f"{url}  (Ctrl-C stops it)")))
        except (SettingsError, WrongRoleError) as error:
            raise VerbError(f"{error}.") from None


def _settings(dir: Dir, env: Mapping[str, str]) -> "ServeSettings":
    """The settings of the environment; without HVA_POSTGRES_URL, reader and services of the embedded run."""
    from deploy.embedded.services import pages_settings
    from deploy.serve.settings import read_serve_settings

    if env.get("HVA_POSTGRES_URL"):
        return read_serve_settings(env)
    run = live_run(dir)
    if "reader" not in run.postgres:
        raise VerbError("The run is still starting: try again in a few seconds.")
    services = {name: str(one["metrics"]) for name, one in run.services.items()}
    return read_serve_settings({**env, **pages_settings(str(run.postgres["reader"]), services)})
