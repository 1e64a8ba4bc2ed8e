"""Everything of one run: the two servers, then the services on top of them."""

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
from deploy.embedded.services import DATABASE, SERVICES, config_dir, service_launch
from deploy.embedded.stores import (
    ensure_passwords,
    letter_keys,
    prepare_database,
    prepare_topics,
    pseudonym_keys,
    together,
)
from deploy.embedded.watchdog import Watchdog

_log = logging.getLogger("hva.supervisor")
_READY_WITHIN = 120.0  # seconds for the services to be ready
_WATCH_EVERY = 0.3  # seconds


class Stack:
    """The parts of a run in one folder; `say` tells a person what is being done."""

    def __init__(
        self,
        paths: RunPaths,
        parts: Collection[str],
        chance: Random,
        say: Callable[[str], None],
        durable: bool,
    ) -> None:
        self.paths, self.say = paths, say
        self.kafka = EmbeddedKafka(paths, chance)
        self.postgres = EmbeddedPostgres(paths, chance, durable=durable)
        self.servers = {server.name: server for server in (self.kafka, self.postgres) if server.name in parts}
        self.services: dict[str, Watchdog] = {}
        self._with_services = "services" in parts
        self._chance = chance
        self._passwords: dict[str, str] = {}
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Starts everything and returns once all of it serves. Raises EmbeddedError."""
        self.say("starting " + " and ".join(server.title for server in self.servers.values()))
        await together(*(server.start() for server in self.servers.values()))
        self._watch = asyncio.create_task(self._keep_servers())
        if self._with_services:
            self.say("preparing the database and the topics")
            await self._prepare_stores()
            self.say("starting the services " + ", ".join(SERVICES))
            await self._start_services()
        self.write_run()

    async def stop(self) -> None:
        """Stops the services, then the servers."""
        if self._watch is not None:
            self._watch.cancel()
        await asyncio.gather(*(service.stop() for service in self.services.values()), return_exceptions=True)
        await asyncio.gather(*(server.stop() for server in self.servers.values()), return_exceptions=True)
        self.paths.run_file.unlink(missing_ok=True)

    async def order(self, part: str, what: str, how: str | None) -> None:
        """Carries out stop, start or restart of one server; `how` names the signal of stopping."""
        server = self.servers[part]
        if what in ("stop", "restart"):
            await server.stop(signal.Signals[how] if how else None)
        if what in ("start", "restart") and not server.running:
            await server.start_again()

    def run(self) -> Run:
        """What run.json says."""
        return Run(
            kafka=self.kafka.bootstrap if "kafka" in self.servers else None,
            postgres=self._dsns() if "postgres" in self.servers else {},
            services={name: {"metrics": one.metrics, "pid": one.pid} for name, one in self.services.items()},
            config_dir=str(config_dir()),
            key_file=str(pseudonym_keys(self.paths)) if self._with_services else None,
            letter_key_file=str(letter_keys(self.paths)) if self._with_services else None,
            supervisor={"pid": os.getpid(), "started": process.identity(os.getpid())},
        )

    def write_run(self) -> None:
        write_run(self.paths, self.run())

    async def _prepare_stores(self) -> None:
        self._passwords = ensure_passwords(self.paths)
        await together(
            prepare_database(self.postgres.admin_dsn, self._dsn("hva_migrate"), self._passwords),
            prepare_topics(self.kafka.bootstrap),
        )

    async def _start_services(self) -> None:
        for name in SERVICES:
            self.services[name] = Watchdog(self.paths, name, self._launcher(name), self._port, self.write_run)
        for service in self.services.values():
            service.begin()
        for service in self.services.values():
            try:
                await asyncio.wait_for(service.until_ready(), _READY_WITHIN)
            except TimeoutError:
                log = self.paths.log(service.name)
                raise EmbeddedError(
                    f"The service {service.name} is not ready after {_READY_WITHIN:.0f} s"
                    f" ({service.starts} starts): see {log}."
                ) from None

    def _launcher(self, name: str) -> Callable[[int], process.Launch]:
        def launch(port: int) -> process.Launch:
            return service_launch(
                name,
                kafka=self.kafka.bootstrap,
                postgres=self._dsn(f"hva_{name}"),
                port=port,
                config=config_dir(),
                keys=pseudonym_keys(self.paths),
                letter_keys=letter_keys(self.paths),
            )

        return launch

    def _port(self) -> int:
        return free_port(self._chance)

    async def _keep_servers(self) -> None:
        """Starts a server that ended by itself again, where it stood."""
        while True:
            await asyncio.sleep(_WATCH_EVERY)
            for server in self.servers.values():
                if server.crashed:
                    _log.warning("%s ended by itself; it is started again", server.name)
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
