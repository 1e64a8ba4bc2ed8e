"""`hva status`: shows which parts of a run are ready."""

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import typer

from deploy.embedded.run_paths import RunPaths, run_dir
from deploy.embedded.runfile import Run, read_run
from deploy.embedded.services import PAGES, SERVICES
from deploy.embedded.watchdog import is_ready
from deploy.hva.context import AsJson, Dir, live_run
from deploy.hva.output import print_data, print_text


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a run at one moment."""

    run: Run
    servers: Mapping[str, bool]  # by server name: accepts connections
    services: Mapping[str, bool]  # name: ready
    serves: bool  # the pages of `hva serve` are ready

    @property
    def all_ready(self) -> bool:
        services = all(self.services.get(name, False) for name in SERVICES)
        return all(self.servers.values()) and services and self.serves

    def document(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {
            "kafka": self.run.kafka,
            "postgres": {key: self.run.postgres.get(key) for key in ("admin", "steward", "reader")},
            "services": {
                name: {"metrics": f"{one['metrics']}/metrics", "ready": self.services[name]}
                for name, one in self.run.services.items()
            },
            "serve": {"url": self.run.serve.get("url"), "ready": self.serves},
        }


def register(app: typer.Typer) -> None:
    @app.command()
    def status(dir: Dir = None, as_json: AsJson = False) -> None:
        """Show the addresses of all parts and whether they are ready. Exits with 1 when one is not."""
        if as_json and read_run(RunPaths(run_dir(dir))) is None:
            print_data(json.dumps({"kafka": None, "postgres": {}, "services": {}, "serve": {}}))
            sys.exit(1)
        current = asyncio.run(read_status(live_run(dir)))
        if as_json:
            print_data(json.dumps(current.document(), indent=2))
        else:
            print_text(*status_lines(current))
        sys.exit(0 if current.all_ready else 1)


async def read_status(run: Run) -> Status:
    """Check all parts of the run concurrently."""
    addresses = {"Kafka": run.kafka or "", "PostgreSQL": str(run.postgres.get("admin", ""))}
    servers = await asyncio.gather(*(_takes_connections(address) for address in addresses.values()))
    ports = {name: urlsplit(one["metrics"]).port or 0 for name, one in run.services.items()}
    pages = urlsplit(str(run.serve.get("url", ""))).port or 0
    *services, serves = await asyncio.gather(*(is_ready(port) for port in (*ports.values(), pages)))
    return Status(run, dict(zip(addresses, servers, strict=True)), dict(zip(ports, services, strict=True)), serves)


def status_lines(current: Status) -> list[str]:
    lines = [f"{name:<11} {'serves' if serves else 'DOES NOT ANSWER'}" for name, serves in current.servers.items()]
    for name in SERVICES:
        where = current.run.services.get(name, {}).get("metrics", "")
        lines.append(f"{name:<11} {'ready' if current.services.get(name) else 'NOT READY'}  {where}")
    lines.append(f"{PAGES:<11} {'ready' if current.serves else 'NOT READY'}  {current.run.serve.get('url', '')}")
    return lines


async def _takes_connections(address: str) -> bool:
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        async with asyncio.timeout(5):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
