"""One run of docker-compose.yml under a name, ports, secrets and registers of its own."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.compose.resolved import PROJECT
from tests.deadlines import PATIENCE_S

NAME: Final = f"hva-compose-test-{os.getpid()}"
LABEL: Final = f"com.docker.compose.project={NAME}"
_PORTS: Final = ("KAFKA_PORT", "POSTGRES_PORT", "GATEWAY_PORTS", "PROMETHEUS_PORT", "GRAFANA_PORT")
_PAUSE_S: Final = 0.5


class VerbError(Exception):
    """What was promised is not so; a sentence for the person."""


def docker(*words: str, check: bool = True, env: Mapping[str, str] | None = None, limit: float = PATIENCE_S) -> str:
    """What `docker` prints, errors behind it. Raises NotSoError with both where it fails and that is wrong."""
    done = subprocess.run(
        ["docker", *words], cwd=PROJECT, env=env, capture_output=True, text=True, timeout=limit, check=False
    )
    if check and done.returncode:
        raise VerbError(f"docker {' '.join(words)}: {done.stdout[-1500:]}{done.stderr[-3000:]}")
    return done.stdout + done.stderr


def until(what: str, true: Callable[[], Any]) -> Any:
    """Wait for something to be true and return it. Raises NotSoError at the deadline."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := true()):
        if time.monotonic() > deadline:
            raise VerbError(f"not within {PATIENCE_S:.0f} s: {what}")
        time.sleep(_PAUSE_S)
    return found


class Stack:
    """The stack; `env` is what Compose is told."""

    def __init__(self, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hva-compose-test-"))
        self.folder.chmod(0o755)  # the registers below are read by whoever a container runs as
        self.config, self.secrets = self.folder / "config", self.folder / "secrets"
        shutil.copytree(PROJECT / "deploy" / "config", self.config)
        for path in (self.config, *self.config.iterdir()):
            path.chmod(path.stat().st_mode | 0o555)
        subprocess.run([PROJECT / "deploy" / "secrets", self.secrets], check=True, stdout=subprocess.DEVNULL)
        self.ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
        self.env = {
            **os.environ,
            "COMPOSE_PROJECT_NAME": NAME,
            "COMPOSE_PROFILES": "",
            "VERSION": "compose-test",
            "CONFIG_DIR": str(self.config),
            "SECRETS_DIR": str(self.secrets),
            **{name: str(port) for name, port in self.ports.items()},
            **settings,
        }

    def compose(self, *words: str, check: bool = True, limit: float = 400) -> str:
        """`docker compose ...`."""
        return docker("compose", *words, check=check, env=self.env, limit=limit)

    def up(self, *words: str, limit: float = 400) -> str:
        """`docker compose up --wait ...`."""
        return self.compose("up", "--wait", "--quiet-pull", *words, limit=limit)

    def containers(self, service: str = "") -> list[dict[str, Any]]:
        """What Docker knows of the containers, of all services or one."""
        filters = ["--filter", f"label={LABEL}"]
        filters += ["--filter", f"label=com.docker.compose.service={service}"] if service else []
        ids = docker("ps", "-aq", *filters).split()
        return json.loads(docker("inspect", *ids)) if ids else []

    def healthy(self, service: str, number: int = 1) -> bool:
        """Whether so many containers of the service, and no others, are there and healthy."""
        states = [one["State"] for one in self.containers(service)]
        return len(states) == number and all(
            state["Running"] and state.get("Health", {}).get("Status") == "healthy" for state in states
        )

    def logs(self, service: str) -> str:
        """Everything that the service has said."""
        return self.compose("logs", "--no-log-prefix", service)

    def secret(self, name: str) -> str:
        """What stands in a secret."""
        return (self.secrets / name).read_text().strip()

    @property
    def steward(self) -> str:
        """The DSN of who may read every figure."""
        return f"postgresql://hva_steward:{self.secret('hva_steward')}@127.0.0.1:{self.ports['POSTGRES_PORT']}/hva"

    def prometheus(self, path: str, **query: str) -> Any:
        """The data of an answer of Prometheus' API."""
        url = f"http://127.0.0.1:{self.ports['PROMETHEUS_PORT']}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as page:
            return json.load(page)["data"]

    def send(self, events: Sequence[bytes], token: str | None = None) -> int:
        """Send a batch to the gateway; the status of the answer, 0 where there is none."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['GATEWAY_PORTS']}/events",
            b"[" + b",".join(events) + b"]",
            {
                "Content-Type": "application/cloudevents-batch+json",
                "Authorization": f"Bearer {self.secret('gateway_tokens') if token is None else token}",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def deliver(self, events: Sequence[bytes]) -> None:
        """Send a batch as often as it takes, as a sender must."""
        until("the gateway takes a batch", lambda: self.send(events) == 200)

    def end(self) -> None:
        """Stop and remove everything of this run but the images. Raises NotSoError where something stays."""
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "20", check=False)
        shutil.rmtree(self.folder)
        left = [
            f"{kind} {name}"
            for kind, words in (
                ("container", ("ps", "-a")),
                ("volume", ("volume", "ls")),
                ("network", ("network", "ls")),
            )
            for name in docker(*words, "--quiet", "--filter", f"label={LABEL}").split()
        ]
        if left:
            raise VerbError(f"left behind: {', '.join(left)}")


def _free_ports(number: int) -> list[int]:
    listening = [socket.socket() for _ in range(number)]
    for one in listening:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in listening]
    for one in listening:
        one.close()
    return ports
