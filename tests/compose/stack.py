"""One run of docker-compose.yml with its own project name, ports, secrets and registers."""

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
from tests.deadlines import DEADLINE_S

NAME: Final = f"hva-compose-test-{os.getpid()}"
LABEL: Final = f"com.docker.compose.project={NAME}"
_PORTS: Final = ("KAFKA_PORT", "POSTGRES_PORT", "GATEWAY_PORTS", "SERVE_PORT", "PROMETHEUS_PORT", "GRAFANA_PORT")
_PAUSE_S: Final = 0.5


class CheckError(Exception):
    """A check of the stack failed; the message is one sentence for the user."""


def docker(*arguments: str, check: bool = True, env: Mapping[str, str] | None = None, limit: float = DEADLINE_S) -> str:
    """The output of `docker`: stdout, then stderr. With `check`, a failure raises CheckError."""
    done = subprocess.run(
        ["docker", *arguments], cwd=PROJECT, env=env, capture_output=True, text=True, timeout=limit, check=False
    )
    if check and done.returncode:
        raise CheckError(f"docker {' '.join(arguments)}: {done.stdout[-1500:]}{done.stderr[-3000:]}")
    return done.stdout + done.stderr


def wait_until(description: str, condition: Callable[[], Any]) -> Any:
    """Wait for the condition and return its value. Raises CheckError at the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise CheckError(f"not within {DEADLINE_S:.0f} s: {description}")
        time.sleep(_PAUSE_S)
    return found


class Stack:
    """The stack; `env` is the environment of Compose."""

    def __init__(self, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hva-compose-test-"))
        self.folder.chmod(0o755)  # containers read the registers below as other users
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

    def compose(self, *arguments: str, check: bool = True, limit: float = 400) -> str:
        """`docker compose ...`."""
        return docker("compose", *arguments, check=check, env=self.env, limit=limit)

    def up(self, *arguments: str, limit: float = 400) -> str:
        """`docker compose up --wait ...`."""
        return self.compose("up", "--wait", "--quiet-pull", *arguments, limit=limit)

    def containers(self, service: str = "") -> list[dict[str, Any]]:
        """`docker inspect` of the containers of one service, or of all."""
        filters = ["--filter", f"label={LABEL}"]
        filters += ["--filter", f"label=com.docker.compose.service={service}"] if service else []
        ids = docker("ps", "-aq", *filters).split()
        return json.loads(docker("inspect", *ids)) if ids else []

    def healthy(self, service: str, number: int = 1) -> bool:
        """Whether the service has exactly that many containers and all are healthy."""
        states = [one["State"] for one in self.containers(service)]
        return len(states) == number and all(
            state["Running"] and state.get("Health", {}).get("Status") == "healthy" for state in states
        )

    def logs(self, service: str) -> str:
        """The whole log of the service."""
        return self.compose("logs", "--no-log-prefix", service)

    def secret(self, name: str) -> str:
        """The content of a secret."""
        return (self.secrets / name).read_text().strip()

    @property
    def steward(self) -> str:
        """The DSN of the role that may read every figure."""
        return f"postgresql://hva_steward:{self.secret('hva_steward')}@127.0.0.1:{self.ports['POSTGRES_PORT']}/hva"

    def prometheus(self, path: str, **query: str) -> Any:
        """The `data` of an answer of Prometheus' API."""
        url = f"http://127.0.0.1:{self.ports['PROMETHEUS_PORT']}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as page:
            return json.load(page)["data"]

    def page(self, path: str) -> tuple[int, str]:
        """Status and text of a page of `hva serve`; 0 without an answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['SERVE_PORT']}{path}", timeout=20) as answer:
                return int(answer.status), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def send(self, events: Sequence[bytes], token: str | None = None) -> int:
        """Send a batch to the gateway; returns the HTTP status, or 0 without an answer."""
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
        """Send a batch until the gateway accepts it, as a sender must."""
        wait_until("the gateway accepts a batch", lambda: self.send(events) == 200)

    def end(self) -> None:
        """Stop and remove everything of this run except the images. Raises CheckError if something is left."""
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "20", check=False)
        shutil.rmtree(self.folder)
        left = [
            f"{kind} {name}"
            for kind, command in (
                ("container", ("ps", "-a")),
                ("volume", ("volume", "ls")),
                ("network", ("network", "ls")),
            )
            for name in docker(*command, "--quiet", "--filter", f"label={LABEL}").split()
        ]
        if left:
            raise CheckError(f"left behind: {', '.join(left)}")


def _free_ports(number: int) -> list[int]:
    listening = [socket.socket() for _ in range(number)]
    for one in listening:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in listening]
    for one in listening:
        one.close()
    return ports
