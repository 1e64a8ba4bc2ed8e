"""All parts of one run: the two servers, then the services that need them and the pages."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Collection
from random import Random

from deploy.embedded import process
from deploy.embedded.errors import EmbeddedError
from deploy.embedded.kafka import EmbeddedKafka
from deploy.embedded.ports import free_port
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.embedded.run_paths import RunPaths
from deploy.embedded.runfile import Run, write_run
from deploy.embedded.services import DATABASE, PAGES, SERVICES, config_dir, pages_launch, pages_port, service_launch
from deploy.embedded.stores import (
    dead_letter_keys,
    ensure_passwords,
    prepare_database,
    prepare_topics,
    pseudonym_keys,
    run_all,
)
from deploy.embedded.watchdog import Watchdog

_log = logging.getLogger("hva.supervisor")
_READY_TIMEOUT = 120.0  # seconds for the services to be ready
_WATCH_INTERVAL = 0.3  # seconds


class Stack:
    """The parts of a run in one folder. `report` gets progress messages for the user."""

    def __init__(
        self,
        paths: RunPaths,
        parts: Collection[str],
        rng: Random,
        report: Callable[[str], None],
        durable: bool,
    ) -> None:
        self.paths, self.report = paths, report
        self.kafka = EmbeddedKafka(paths, rng)
        self.postgres = EmbeddedPostgres(paths, rng, durable=durable)
        self.servers = {server.name: server for server in (self.kafka, self.postgres) if server.name in parts}
        self.services: dict[str, Watchdog] = {}
        self.pages: Watchdog | None = None
        self._has_services = "services" in parts
        self._rng = rng
        self._passwords: dict[str, str] = {}
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Starts everything and returns once all of it is ready. Raises EmbeddedError."""
        self.report("starting " + " and ".join(server.title for server in self.servers.values()))
        await run_all(*(server.start() for server in self.servers.values()))
        self._watch = asyncio.create_task(self._restart_crashed_servers())
        if self._has_services:
            self.report("preparing the database and the topics")
            await self._prepare_stores()
            self.report("starting the services " + ", ".join((*SERVICES, PAGES)))
            await self._start_services()
        self.write_run()

    async def stop(self) -> None:
        """Stops the services, then the servers."""
        if self._watch is not None:
            self._watch.cancel()
        await asyncio.gather(*(part.stop() for part in self._watched()), return_exceptions=True)
        await asyncio.gather(*(server.stop() for server in self.servers.values()), return_exceptions=True)
        self.paths.run_file.unlink(missing_ok=True)

    async def control(self, part: str, action: str, signal_name: str | None) -> None:
        """Stops, starts or restarts one server. `signal_name` is the signal to stop it with."""
        server = self.servers[part]
        if action in ("stop", "restart"):
            await server.stop(signal.Signals[signal_name] if signal_name else None)
        if action in ("start", "restart") and not server.running:
            await server.start_again()

    def run(self) -> Run:
        """The content of run.json."""
        return Run(
            kafka=self.kafka.bootstrap if "kafka" in self.servers else None,
            postgres=self._dsns() if "postgres" in self.servers else {},
            services={name: {"metrics": one.url, "pid": one.pid} for name, one in self.services.items()},
            serve={"url": f"{self.pages.url}/", "pid": self.pages.pid} if self.pages else {},
            config_dir=str(config_dir()),
            key_file=str(pseudonym_keys(self.paths)) if self._has_services else None,
            letter_key_file=str(dead_letter_keys(self.paths)) if self._has_services else None,
            supervisor={"pid": os.getpid(), "started": process.identity(os.getpid())},
        )

    def write_run(self) -> None:
        write_run(self.paths, self.run())

    async def _prepare_stores(self) -> None:
        self._passwords = ensure_passwords(self.paths)
        await run_all(
            prepare_database(self.postgres.admin_dsn, self._dsn("hva_migrate"), self._passwords),
            prepare_topics(self.kafka.bootstrap),
        )

    async def _start_services(self) -> None:
        for name in SERVICES:
            self.services[name] = Watchdog(self.paths, name, self._launcher(name), self._port, self.write_run)
        self.pages = Watchdog(
            self.paths, PAGES, self._launch_pages, lambda: pages_port() or self._port(), self.write_run
        )
        for part in self._watched():
            part.start()
        for part in self._watched():
            try:
                await asyncio.wait_for(part.wait_until_ready(), _READY_TIMEOUT)
            except TimeoutError:
                log = self.paths.log(part.name)
                raise EmbeddedError(
                    f"The service {part.name} is not ready after {_READY_TIMEOUT:.0f} s"
                    f" ({part.starts} starts): see {log}."
                ) from None

    def _watched(self) -> list[Watchdog]:
        return [*self.services.values(), *([self.pages] if self.pages else [])]

    def _launch_pages(self, port: int) -> process.Launch:
        return pages_launch(self._dsn("hva_reader"), {name: one.url for name, one in self.services.items()}, port)

    def _launcher(self, name: str) -> Callable[[int], process.Launch]:
        def launch(port: int) -> process.Launch:
            return service_launch(
                name,
                kafka=self.kafka.bootstrap,
                postgres=self._dsn(f"hva_{name}"),
                port=port,
                config=config_dir(),
                keys=pseudonym_keys(self.paths),
                dead_letter_keys=dead_letter_keys(self.paths),
            )

        return launch

    def _port(self) -> int:
        return free_port(self._rng)

    async def _restart_crashed_servers(self) -> None:
        """Restarts crashed servers with the same ports and data."""
        while True:
            await asyncio.sleep(_WATCH_INTERVAL)
            for server in self.servers.values():
                if server.crashed:
                    _log.warning("%s ended unexpectedly and is started again", server.name)
                    try:
                        await server.start_again()
                    except EmbeddedError as error:
                        _log.error("%s", error)

    def _dsns(self) -> dict[str, object]:
        dsns: dict[str, object] = {"admin": self.postgres.admin_dsn}
        if self._passwords:
            dsns |= {role: self._dsn(f"hva_{role}") for role in ("migrate", "steward", "reader")}
            dsns["services"] = {name: self._dsn(f"hva_{name}") for name in SERVICES}
        return dsns

    def _dsn(self, role: str) -> str:
        return self.postgres.dsn(role, self._passwords[role], DATABASE)
