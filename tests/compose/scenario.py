"""The checks of the running stack, one function each. A failed check raises CheckError."""

import json
import re
import time
from collections.abc import Sequence
from typing import Final

from tests.compose.stack import CheckError, Stack, docker, wait_until

FAMILIES: Final = ("nps", "fcr", "segments")
SERVICES: Final = ("ingest", *FAMILIES)
SCRAPED: Final = (*SERVICES, "exporter", "prometheus")
_STOP_S: Final = 10.0
_KILL: Final = """
import os, pathlib, signal
for folder in pathlib.Path("/proc").glob("[0-9]*"):
    if b"services." in (folder / "cmdline").read_bytes() and int(folder.name) != os.getpid():
        os.kill(int(folder.name), signal.SIGKILL)
"""


def require(condition: object, message: str) -> None:
    """Raise CheckError with the message unless the condition holds."""
    if not condition:
        raise CheckError(message)


def check_hardening(stack: Stack) -> None:
    """The running containers have the rights and limits that `policy` requires of the file."""
    for one in stack.containers():
        name, host = one["Name"], one["HostConfig"]
        require(one["Config"]["User"].split(":")[0] not in ("", "0", "root"), f"{name} runs as root")
        require(host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and not host["CapAdd"], f"{name} is not hardened")
        require("no-new-privileges:true" in host["SecurityOpt"], f"{name} may gain privileges")
        require(host["Memory"] and host["NanoCpus"] and host["PidsLimit"], f"{name} has no limits")
        ports = one["NetworkSettings"]["Ports"].values()
        addresses = [binding["HostIp"] for bindings in ports for binding in bindings or ()]
        require(set(addresses) <= {"127.0.0.1"}, f"{name} listens on {addresses}")
        anonymous = [mount["Destination"] for mount in one["Mounts"] if len(mount.get("Name", "")) == 64]
        require(not anonymous, f"{name} has volumes without a name: {anonymous}")


def check_secrets_hidden(stack: Stack) -> None:
    """No secret appears in `docker inspect` or in a log."""
    visible = json.dumps(stack.containers()) + stack.compose("--profile", "*", "logs")
    for file in stack.secrets.iterdir():
        require(
            file.read_text().split()[-1] not in visible, f"secret {file.name} can be read in a log or an environment"
        )


def check_image_contents(stack: Stack) -> None:
    """An image holds only its service, or the pages, and `shared/`; no pip and no compiler."""
    listed = stack.compose("exec", "-T", "serve", "ls", "/app", "/app/deploy").split()
    held = sorted(set(listed) - {"/app:", "/app/deploy:", "__init__.py", "__pycache__"})
    require(held == ["deploy", "report", "serve", "shared"], f"the image of serve holds: {held}")
    script = "ls /app /app/services; python -m pip --version; command -v pip gcc make git; true"
    for service in SERVICES:
        found = stack.compose("exec", "-T", service, "sh", "-c", script)
        entries = [
            entry for entry in found.split() if entry not in ("/app:", "/app/services:", "__init__.py", "__pycache__")
        ]
        require(entries[:3] == ["services", "shared", service], f"the image of {service} holds: {found}")
        require(
            found.rstrip().endswith(f"{service}\n/venv/bin/python: No module named pip"),
            f"too much in {service}: {found}",
        )


def check_pages(stack: Stack) -> str:
    """The front page finds every service ready and links to reports, and the newest report opens; returns its path."""
    status, text = stack.page("/en")
    require(status == 200 and "Everything runs." in text, f"the front page answers {status}: {text[-3000:]}")
    require(all(f">{service}</th>" in text for service in SERVICES), "the front page lacks a service")
    links = re.findall(r'href="(/report/[^".]+/en)"', text)
    require(links, "the front page links to no report")
    wait_until(f"{links[0]} opens", lambda: stack.page(links[0])[0] == 200)  # 503 while the database is busy
    return str(links[0])


def check_monitoring(stack: Stack, **replicas: int) -> None:
    """Prometheus finds every replica, all are up, and no consumer lags."""

    def all_up() -> bool:
        targets = stack.prometheus("targets", state="active")["activeTargets"]
        up = [target["labels"]["job"] for target in targets if target["health"] == "up"]
        return len(up) == len(targets) and all(up.count(job) == replicas.get(job, 1) for job in SCRAPED)

    wait_until(f"Prometheus finds all up: {SCRAPED}, {replicas}", all_up)

    def value(query: str) -> float | None:
        result = stack.prometheus("query", query=query)["result"]
        return float(result[0]["value"][1]) if result else None

    groups = "count(count by (group) (hva_kafka_group_lag_records))"
    wait_until("Prometheus knows the lag of 11 groups", lambda: value(groups) == 11)
    wait_until("no group lags, by the broker", lambda: value("sum(hva_kafka_group_lag_records)") == 0)
    wait_until("no service reports a lag", lambda: value("sum(hva_consumer_lag_records)") == 0)
    for query, wanted in (
        ("hva_kafka_up", 1),
        ("hva_kafka_brokers", 1),
        ("sum(hva_kafka_under_replicated_partitions)", 0),
        ("hva_postgres_up", 1),
        ("min(hva_ready)", 1),
    ):
        wait_until(f"{query} is {wanted}", lambda query=query, wanted=wanted: value(query) == wanted)
    require((value("hva_postgres_database_bytes") or 0) > 1e6, "the size of the database is not reported")


def check_no_alerts(stack: Stack) -> int:
    """No alert fires; returns the number of alerting rules."""
    firing = [alert["labels"] for alert in stack.prometheus("alerts")["alerts"] if alert["state"] == "firing"]
    require(not firing, f"alerts fire: {firing}")
    groups = stack.prometheus("rules")["groups"]
    failed = [rule["name"] for group in groups for rule in group["rules"] if rule["health"] == "err"]
    require(not failed, f"rules cannot be evaluated: {failed}")
    alerting = sum(rule["type"] == "alerting" for group in groups for rule in group["rules"])
    require(alerting, "Prometheus has no alerting rules")
    return alerting


def kill_service(stack: Stack, events: Sequence[bytes]) -> None:
    """A killed service restarts automatically."""
    restarts = stack.containers("nps")[0]["RestartCount"]
    stack.compose("exec", "-T", "nps", "python", "-c", _KILL, check=False)
    stack.deliver(events)
    wait_until("nps was started again", lambda: stack.containers("nps")[0]["RestartCount"] > restarts)
    wait_until("nps is healthy again", lambda: stack.healthy("nps"))


def replace_service(stack: Stack, events: Sequence[bytes]) -> None:
    """A new container of a service continues where the last one stopped."""
    stack.compose("kill", "fcr")
    stack.deliver(events)
    stack.up("--force-recreate", "--no-deps", "fcr")


def replace_kafka(stack: Stack, events: Sequence[bytes]) -> None:
    """Without Kafka the gateway answers 503. A new Kafka container keeps the data, and all services recover."""
    stack.compose("kill", "kafka")
    stack.compose("rm", "--force", "kafka")
    status = stack.send(events)
    require(status in (0, 503), f"the gateway answered {status} while Kafka was down")
    stack.up("--no-deps", "kafka")
    stack.deliver(events)
    for service in SERVICES:
        wait_until(f"{service} is healthy after Kafka came back", lambda service=service: stack.healthy(service))


def scale_service(stack: Stack, number: int, events: Sequence[bytes]) -> None:
    """That many replicas of nps share the partitions, and Prometheus finds them."""
    stack.up("--no-recreate", "--no-deps", "--scale", f"nps={number}", "nps")
    require(stack.healthy("nps", number), f"nps does not have {number} healthy replicas")
    stack.deliver(events)
    check_monitoring(stack, nps=number)
    shares = 'count(count by (instance) (hva_consumer_lag_records{job="nps",topic="hva.feedback.v1"}))'

    def shared() -> bool:
        result = stack.prometheus("query", query=shares)["result"]
        return bool(result) and int(result[0]["value"][1]) == number

    wait_until(f"all {number} replicas have partitions", shared)


def stop_all(stack: Stack) -> dict[str, float]:
    """Every service stops gracefully in less than ten seconds; returns the seconds of each."""
    durations: dict[str, float] = {}
    for service in ("simulator", *SERVICES, "serve", "exporter", "prometheus", "grafana", "kafka", "postgres"):
        own = service in (*SERVICES, "serve", "exporter")
        before = [one for one in stack.containers(service) if one["State"]["Running"]]
        if not before:
            continue
        started = time.monotonic()
        stack.compose("stop", service)
        for one in stack.containers(service):
            state = one["State"]
            require(
                state["ExitCode"] in ((0,) if own else (0, 2, 130, 143)), f"{service} ended with {state['ExitCode']}"
            )
        durations[service] = time.monotonic() - started
        require(durations[service] < _STOP_S, f"{service} took {durations[service]:.1f} s to stop")
    return durations


def image_sizes() -> list[str]:
    """The sizes of the project's images."""
    found = docker("images", "--format", "{{.Repository}} {{.Tag}} {{.Size}}").splitlines()
    return [" ".join(line.split()[::2]) for line in found if " compose-test " in line]
