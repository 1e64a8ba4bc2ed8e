"""What the stack must do, a promise a function; each raises NotSoError where it does not hold."""

import json
import time
from collections.abc import Sequence
from typing import Final

from tests.compose.stack import Stack, VerbError, docker, until

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


def must(so: object, sentence: str) -> None:
    """Raise NotSoError with the sentence unless it is so."""
    if not so:
        raise VerbError(sentence)


def hardened(stack: Stack) -> None:
    """What the policy asks of the file is so of the containers, as Docker runs them."""
    for one in stack.containers():
        name, host = one["Name"], one["HostConfig"]
        must(one["Config"]["User"].split(":")[0] not in ("", "0", "root"), f"{name} runs as root")
        must(host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and not host["CapAdd"], f"{name} is not hardened")
        must("no-new-privileges:true" in host["SecurityOpt"], f"{name} may gain privileges")
        must(host["Memory"] and host["NanoCpus"] and host["PidsLimit"], f"{name} has no limits")
        open_at = [place["HostIp"] for places in one["NetworkSettings"]["Ports"].values() for place in places or ()]
        must(set(open_at) <= {"127.0.0.1"}, f"{name} is open at {open_at}")
        anonymous = [mount["Destination"] for mount in one["Mounts"] if len(mount.get("Name", "")) == 64]
        must(not anonymous, f"{name} has volumes without a name: {anonymous}")


def discreet(stack: Stack) -> None:
    """No secret stands in what Docker tells of a container or in what a container says."""
    told = json.dumps(stack.containers()) + stack.compose("--profile", "*", "logs")
    for file in stack.secrets.iterdir():
        must(file.read_text().split()[-1] not in told, f"secret {file.name} can be read in a log or an environment")


def only_its_own(stack: Stack) -> None:
    """The image of a service holds that service and `shared/`, nothing else of ours, no pip and no compiler."""
    look = "ls /app /app/services; python -m pip --version; command -v pip gcc make git; true"
    for service in SERVICES:
        found = stack.compose("exec", "-T", service, "sh", "-c", look)
        words = [
            word for word in found.split() if word not in ("/app:", "/app/services:", "__init__.py", "__pycache__")
        ]
        must(words[:3] == ["services", "shared", service], f"the image of {service} holds: {found}")
        must(
            found.rstrip().endswith(f"{service}\n/venv/bin/python: No module named pip"),
            f"too much in {service}: {found}",
        )


def watched(stack: Stack, **replicas: int) -> None:
    """Prometheus has found every replica, all are up, and nobody is behind."""

    def seen() -> bool:
        targets = stack.prometheus("targets", state="active")["activeTargets"]
        up = [target["labels"]["job"] for target in targets if target["health"] == "up"]
        return len(up) == len(targets) and all(up.count(job) == replicas.get(job, 1) for job in SCRAPED)

    until(f"Prometheus finds all up: {SCRAPED}, {replicas}", seen)

    def value(query: str) -> float | None:
        result = stack.prometheus("query", query=query)["result"]
        return float(result[0]["value"][1]) if result else None

    groups = "count(count by (group) (hva_kafka_group_lag_records))"
    until("Prometheus knows the lag of 11 groups", lambda: value(groups) == 11)
    until("no group is behind, by the broker", lambda: value("sum(hva_kafka_group_lag_records)") == 0)
    until("no service is behind, by itself", lambda: value("sum(hva_consumer_lag_records)") == 0)
    for query, wanted in (
        ("hva_kafka_up", 1),
        ("hva_kafka_brokers", 1),
        ("sum(hva_kafka_under_replicated_partitions)", 0),
        ("hva_postgres_up", 1),
        ("min(hva_ready)", 1),
    ):
        until(f"{query} is {wanted}", lambda query=query, wanted=wanted: value(query) == wanted)
    must((value("hva_postgres_database_bytes") or 0) > 1e6, "the size of the database is not told")


def quiet(stack: Stack) -> int:
    """No alert fires; how many alerting rules there are."""
    firing = [alert["labels"] for alert in stack.prometheus("alerts")["alerts"] if alert["state"] == "firing"]
    must(not firing, f"alerts fire: {firing}")
    groups = stack.prometheus("rules")["groups"]
    sick = [rule["name"] for group in groups for rule in group["rules"] if rule["health"] == "err"]
    must(not sick, f"rules cannot be evaluated: {sick}")
    alerting = sum(rule["type"] == "alerting" for group in groups for rule in group["rules"])
    must(alerting, "Prometheus has no alerting rules")
    return alerting


def killed(stack: Stack, events: Sequence[bytes]) -> None:
    """A service that is killed comes back by itself."""
    restarts = stack.containers("nps")[0]["RestartCount"]
    stack.compose("exec", "-T", "nps", "python", "-c", _KILL, check=False)
    stack.deliver(events)
    until("nps was started again", lambda: stack.containers("nps")[0]["RestartCount"] > restarts)
    until("nps is healthy again", lambda: stack.healthy("nps"))


def replaced(stack: Stack, events: Sequence[bytes]) -> None:
    """The next container of a service goes on where the last one was."""
    stack.compose("kill", "fcr")
    stack.deliver(events)
    stack.up("--force-recreate", "--no-deps", "fcr")


def replaced_kafka(stack: Stack, events: Sequence[bytes]) -> None:
    """While Kafka is away the gateway says so; the next container has the data of the last, and all go on."""
    stack.compose("kill", "kafka")
    stack.compose("rm", "--force", "kafka")
    status = stack.send(events)
    must(status in (0, 503), f"the gateway answered {status} while Kafka was away")
    stack.up("--no-deps", "kafka")
    stack.deliver(events)
    for service in SERVICES:
        until(f"{service} is healthy after Kafka came back", lambda service=service: stack.healthy(service))


def scaled(stack: Stack, number: int, events: Sequence[bytes]) -> None:
    """So many replicas of nps share the work, and Prometheus finds them."""
    stack.up("--no-recreate", "--no-deps", "--scale", f"nps={number}", "nps")
    must(stack.healthy("nps", number), f"nps has not {number} healthy replicas")
    stack.deliver(events)
    watched(stack, nps=number)
    shares = 'count(count by (instance) (hva_consumer_lag_records{job="nps",topic="hva.feedback.v1"}))'

    def shared() -> bool:
        result = stack.prometheus("query", query=shares)["result"]
        return bool(result) and int(result[0]["value"][1]) == number

    until(f"all {number} replicas have partitions", shared)


def stopped(stack: Stack) -> dict[str, float]:
    """Everything stops by itself when told to, in less than ten seconds; how long each took."""
    took: dict[str, float] = {}
    for service in ("simulator", *SERVICES, "exporter", "prometheus", "grafana", "kafka", "postgres"):
        ours = service in (*SERVICES, "exporter")
        before = [one for one in stack.containers(service) if one["State"]["Running"]]
        if not before:
            continue
        started = time.monotonic()
        stack.compose("stop", service)
        for one in stack.containers(service):
            state = one["State"]
            must(state["ExitCode"] in ((0,) if ours else (0, 2, 130, 143)), f"{service} ended with {state['ExitCode']}")
        took[service] = time.monotonic() - started
        must(took[service] < _STOP_S, f"{service} took {took[service]:.1f} s to stop")
    return took


def image_sizes() -> list[str]:
    """How large our images are."""
    found = docker("images", "--format", "{{.Repository}} {{.Tag}} {{.Size}}").splitlines()
    return [" ".join(line.split()[::2]) for line in found if " compose-test " in line]
