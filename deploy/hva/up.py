"""`hva up`: starts the embedded Kafka, PostgreSQL and services of a folder."""

import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from deploy.embedded.client import AlreadyRunning, SupervisorClient
from deploy.embedded.errors import EmbeddedError
from deploy.embedded.run_paths import RunPaths, run_dir
from deploy.embedded.runfile import read_run
from deploy.hva.context import Dir, display_path
from deploy.hva.output import print_text

Detach = Annotated[bool, typer.Option("--detach", help="Return once everything is ready; stop it with `hva down`")]


def register(app: typer.Typer) -> None:
    @app.command()
    def up(dir: Dir = None, detach: Detach = False) -> None:
        """Start Kafka, PostgreSQL and the services on this machine."""
        sys.exit(run_up(run_dir(dir), detach=detach))


def run_up(folder: Path, *, detach: bool) -> int:
    """Start the run; in the foreground, wait for Ctrl-C or `hva down`. Returns the exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    client = SupervisorClient(RunPaths(folder))
    try:
        return _serve(client, folder, detach=detach)
    except AlreadyRunning:
        print_text(f"A run is already up in {display_path(folder)}.")
        if run := read_run(RunPaths(folder)):
            _print_addresses(run.kafka, run.postgres, run.services, run.serve, folder)
        return 0
    except KeyboardInterrupt:
        print_text("", "stopping …")
        client.stop()
        print_text("Stopped.")
        return 0


def _serve(client: SupervisorClient, folder: Path, *, detach: bool) -> int:
    try:
        run = client.wait_ready(lambda words: print_text(f"{words} …"))
    except EmbeddedError:
        client.stop()
        raise
    _print_addresses(run["kafka"], run["postgres"], run["services"], run["serve"], folder)
    if detach:
        client.detach()
        return 0
    print_text("Press Ctrl-C to stop everything.")
    if client.wait() != 0:
        raise EmbeddedError(f"The supervisor ended unexpectedly: see {RunPaths(folder).log('supervisor')}.")
    print_text("Stopped.")
    return 0


def _print_addresses(
    kafka: str | None,
    postgres: Mapping[str, Any],
    services: Mapping[str, Mapping[str, Any]],
    serve: Mapping[str, Any],
    folder: Path,
) -> None:
    database = str(postgres.get("steward", "")).rpartition("@")[2]
    print_text(f"Kafka       {kafka}")
    print_text(f"PostgreSQL  {database}  (DSNs with passwords: {display_path(folder)}/run.json)")
    for name, service in services.items():
        print_text(f"{name:<11} {service['metrics']}/metrics")
    print_text(f"serve       {serve.get('url', '')}")
    print_text(f"logs        {display_path(folder)}/logs")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
