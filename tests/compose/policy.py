"""The rules for every service of docker-compose.yml. Each rule yields one sentence per violation."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

Service = Mapping[str, Any]

_PINNED: Final = re.compile(r"[^@\s]+:v?\d[\w.-]*(@sha256:[0-9a-f]{64})?")
_SECRET_NAME: Final = re.compile(r"PASS|SECRET|TOKEN|KEY|CREDENTIAL")
_DSN_PASSWORD: Final = re.compile(r"://[^/@\s]*:[^/@\s]+@")
_SOCKET: Final = "docker.sock"


def problems(document: Mapping[str, Any]) -> list[str]:
    """The violations in the document, one sentence each."""
    services: Mapping[str, Service] = document["services"]
    awaited_jobs = {
        name
        for service in services.values()
        for name, condition in _conditions(service)
        if condition == "service_completed_successfully"
    }
    found = []
    for name, service in services.items():
        runs_once = service.get("restart") == "no" and (name in awaited_jobs or service.get("profiles") == ["tools"])
        rules = (_rights, _limits, _image, _exposure, _secrets_in_environment, _availability(runs_once))
        found += [f"{name}: {sentence}" for rule in rules for sentence in rule(service)]
        found += [f"{name}: depends on {other} without a condition" for other in _unconditional(service)]
    return found + [
        f"secret {name} is not a file" for name, secret in document["secrets"].items() if "file" not in secret
    ]


def _rights(service: Service) -> Iterator[str]:
    if not re.fullmatch(r"[1-9]\d*(:\d+)?", str(service.get("user", ""))):
        yield "has no numeric user other than 0"
    if service.get("cap_drop") != ["ALL"] or service.get("cap_add"):
        yield "keeps capabilities"
    if "no-new-privileges:true" not in service.get("security_opt", ()):
        yield "may gain privileges"
    if service.get("read_only") is not True:
        yield "can write its root file system"
    if service.get("privileged") or any(
        service.get(of) == "host" for of in ("network_mode", "pid", "ipc", "userns_mode")
    ):
        yield "is not isolated from the host"
    if service.get("devices"):
        yield "has devices of the host"


def _limits(service: Service) -> Iterator[str]:
    for limit in ("mem_limit", "cpus", "pids_limit"):
        if not service.get(limit):
            yield f"has no {limit}"
    options = service.get("logging", {}).get("options", {})
    if not options.get("max-size") or not options.get("max-file"):
        yield "may fill the disk with logs"
    if not service.get("stop_grace_period"):
        yield "has no stop_grace_period"


def _image(service: Service) -> Iterator[str]:
    if not _PINNED.fullmatch(str(service.get("image", ""))):
        yield f"has an image without version: {service.get('image')}"
    if "container_name" in service:
        yield "cannot have replicas: it has a container_name"


def _exposure(service: Service) -> Iterator[str]:
    for port in service.get("ports", ()):
        if not str(port).startswith("127.0.0.1:"):
            yield f"publishes a port beyond loopback: {port}"
    for volume in service.get("volumes", ()):
        source, _, rest = str(volume).partition(":")
        if _SOCKET in str(volume):
            yield "has access to the Docker socket"
        if source.startswith((".", "/", "~")) and not rest.endswith(":ro"):
            yield f"can write into a folder of the host: {source}"


def _secrets_in_environment(service: Service) -> Iterator[str]:
    """Secrets are files, never environment variables."""
    environment = service.get("environment", {})
    for name, value in environment.items():
        if _SECRET_NAME.search(name) and not name.endswith(("_FILE", "_DIR")):
            yield f"has a secret in its environment: {name}"
        if _DSN_PASSWORD.search(str(value)):
            yield f"has a password in its environment: {name}"


def _availability(runs_once: bool) -> Any:
    def rule(service: Service) -> Iterator[str]:
        if runs_once:
            return
        if service.get("restart") != "unless-stopped":
            yield "is not restarted"
        check = service.get("healthcheck") or {}
        if check.get("disable") or check.get("test") in (None, ["NONE"], "NONE"):
            yield "has no health check"

    return rule


def _conditions(service: Service) -> list[tuple[str, str | None]]:
    wanted = service.get("depends_on", {})
    return [(name, wanted[name].get("condition") if isinstance(wanted, dict) else None) for name in wanted]


def _unconditional(service: Service) -> list[str]:
    return [name for name, condition in _conditions(service) if condition is None]
