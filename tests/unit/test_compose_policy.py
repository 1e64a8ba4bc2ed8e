"""docker-compose.yml follows the security policy and agrees with the files that depend on it."""

import re
import stat
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from deploy.embedded.services import SERVICES
from shared.contracts.catalogue import TRANSACTION_LIMIT_MS
from shared.postgres.bootstrap import ROLES
from tests.compose.policy import problems
from tests.compose.resolved import PROJECT, resolve, text, variables

DOCUMENT = resolve(text())


def problems_after(change: Callable[[dict[str, Any]], object]) -> list[str]:
    """Change the services of the file, and return what breaks the policy."""
    document = resolve(text())
    change(document["services"])
    return problems(document)


def test_compose_file_has_no_problems() -> None:
    assert problems(DOCUMENT) == []


def test_kafka_has_the_declared_transaction_timeout() -> None:
    environment = DOCUMENT["services"]["kafka"]["environment"]
    assert environment["KAFKA_TRANSACTION_MAX_TIMEOUT_MS"] == str(TRANSACTION_LIMIT_MS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s["kafka"].pop("healthcheck"), "kafka: has no health check"),
        (lambda s: s["nps"].update(healthcheck={"disable": True}), "nps: has no health check"),
        (lambda s: s["fcr"].update(restart="no"), "fcr: is not restarted"),
        (lambda s: s["nps"].pop("mem_limit"), "nps: has no mem_limit"),
        (lambda s: s["migrate"].pop("cpus"), "migrate: has no cpus"),
        (lambda s: s["topics"].pop("pids_limit"), "topics: has no pids_limit"),
        (lambda s: s["prometheus"].pop("user"), "prometheus: has no numeric user"),
        (lambda s: s["postgres"].update(user="0:0"), "postgres: has no numeric user"),
        (lambda s: s["postgres"].update(user="root"), "postgres: has no numeric user"),
        (lambda s: s["ingest"].pop("cap_drop"), "ingest: keeps capabilities"),
        (lambda s: s["postgres"].update(cap_add=["CHOWN"]), "postgres: keeps capabilities"),
        (lambda s: s["grafana"].update(security_opt=[]), "grafana: may gain privileges"),
        (lambda s: s["kafka"].update(read_only=False), "kafka: can write its root"),
        (lambda s: s["nps"].update(privileged=True), "nps: is not isolated from the host"),
        (lambda s: s["nps"].update(network_mode="host"), "nps: is not isolated from the host"),
        (lambda s: s["grafana"].update(image="grafana/grafana"), "grafana: has an image without version"),
        (lambda s: s["grafana"].update(image="host:5000/grafana"), "grafana: has an image without version"),
        (lambda s: s["kafka"].update(image="apache/kafka:latest"), "kafka: has an image without version"),
        (lambda s: s["nps"].update(container_name="nps"), "nps: cannot have replicas"),
        (lambda s: s["kafka"].update(ports=["9094:9094"]), "kafka: publishes a port beyond loopback: 9094"),
        (lambda s: s["kafka"].update(ports=["0.0.0.0:1:1"]), "kafka: publishes a port beyond loopback: 0.0.0.0"),
        (lambda s: s["nps"].update(ports=[{"target": 9000}]), "nps: publishes a port beyond loopback"),
        (lambda s: s["nps"].update(volumes=["./deploy:/config"]), "nps: can write into a folder of the host"),
        (lambda s: s["nps"]["volumes"].append("/var/run/docker.sock:/s:ro"), "nps: has access to the Docker socket"),
        (lambda s: s["nps"]["environment"].update(PGPASSWORD="x"), "nps: has a secret in its environment"),
        (
            lambda s: s["nps"]["environment"].update(HVA_POSTGRES_URL="postgresql://hva_nps:x@postgres/hva"),
            "nps: has a password in its environment",
        ),
        (lambda s: s["segments"].pop("logging"), "segments: may fill the disk"),
        (lambda s: s["kafka"].pop("stop_grace_period"), "kafka: has no stop_grace_period"),
        (lambda s: s["nps"].update(depends_on=["kafka"]), "nps: depends on kafka without a condition"),
    ],
)
def test_violation_is_reported(change: Callable[[dict[str, Any]], object], message: str) -> None:
    assert any(found.startswith(message) for found in problems_after(change)), problems_after(change)


def test_service_that_no_other_waits_for_needs_a_health_check() -> None:
    """A service counts as a one-off job only if another one waits for its completion."""

    def remove_dependencies(services: dict[str, Any]) -> None:
        for service in services.values():
            if isinstance(dependencies := service.get("depends_on"), dict):
                dependencies.pop("migrate", None)

    assert "migrate: has no health check" in problems_after(remove_dependencies)


def test_every_image_can_come_from_an_internal_registry() -> None:
    images = re.findall(r"^ +image: (\S+)", text(), re.MULTILINE)
    assert len(images) >= 9
    assert [image for image in images if not re.match(r"\$\{(IMAGE_PREFIX|[A-Z]+_IMAGE):-", image)] == []


def test_env_example_lists_every_variable_with_its_default() -> None:
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    assert dict(re.findall(r"^#([A-Z_]+)=(.*)$", example, re.MULTILINE)) == variables(text())
    assert re.findall(r"^[^#\n]", example, re.MULTILINE) == []


def test_make_secrets_creates_each_secret_once_and_private(tmp_path: Any) -> None:
    folder, script = tmp_path / "secrets", PROJECT / "deploy" / "secrets"
    subprocess.run([script, folder], check=True, capture_output=True)
    names = {file.name for file in folder.iterdir()}
    assert names == set(DOCUMENT["secrets"]) and {*ROLES, "hva_admin"} <= names
    assert {f"./secrets/{name}" for name in names} == {secret["file"] for secret in DOCUMENT["secrets"].values()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert len(set(before.values())) == len(names) and min(map(len, before.values())) > 40
    (folder / "hva_nps").unlink()
    subprocess.run([script, folder], check=True, capture_output=True)
    after = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert {name for name in names if before[name] != after[name]} == {"hva_nps"}

    (folder / "hva_fcr").chmod(0o600)
    (folder / "hva_fcr").write_bytes(b"")
    result = subprocess.run([script, folder], check=False, capture_output=True, text=True)
    assert result.returncode == 1 and "hva_fcr is empty: delete it and run this again." in result.stderr


def test_each_service_has_only_its_own_secrets() -> None:
    """Each service has its own password. Only ingest and the command `hva` have the pseudonym keys."""
    services = DOCUMENT["services"]
    secrets_of = {name: set(service.get("secrets", ())) for name, service in services.items()}
    for name in SERVICES:
        own = {f"hva_{name}", "letter_keys"}
        assert secrets_of[name] == own | ({"pseudonym_keys", "gateway_tokens"} if name == "ingest" else set())
    assert secrets_of["serve"] == {"hva_reader"}
    assert [name for name in secrets_of if "pseudonym_keys" in secrets_of[name]] == ["ingest", "hva"]
    assert sorted(name for name in secrets_of if "hva_admin" in secrets_of[name]) == ["migrate", "postgres"]
    assert set().union(*secrets_of.values()) == set(DOCUMENT["secrets"])


def test_secrets_are_in_no_commit_and_no_image() -> None:
    ignored = (PROJECT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"secrets/", ".env"} <= set(ignored)
    allowed = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in allowed and not any(
        "secrets" in line.removeprefix("!") or ".env" in line for line in allowed if line[0] == "!"
    )


def test_dockerfile_targets_are_unprivileged_and_use_the_base_image() -> None:
    dockerfile = (PROJECT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    stages = re.split(r"^FROM ", dockerfile, flags=re.MULTILINE)[1:]
    for stage in stages:
        base, name = re.findall(r"^(\S+) AS (\w+)", stage)[0]
        assert base in ("${PYTHON_IMAGE}", "packages", "bare", "base", "report_base")
        built = ("packages", "report_packages", "bare", "base", "report_base")
        assert name in built or re.findall(r"^USER (\S+)$", stage, re.MULTILINE)[-1:] == ["10001:10001"]
    assert re.findall(r"^ARG PYTHON_IMAGE=(\S+)", dockerfile, re.MULTILINE) == [variables(text())["PYTHON_IMAGE"]]


def test_prometheus_scrapes_every_service_with_metrics() -> None:
    config = yaml.safe_load((PROJECT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    found = {
        (job["job_name"], *sd["names"], sd["port"])
        for job in config["scrape_configs"]
        for sd in job.get("dns_sd_configs", ())
    }
    pages = {
        name: int(service["environment"]["HVA_METRICS_PORT"])
        for name, service in DOCUMENT["services"].items()
        if "HVA_METRICS_PORT" in service.get("environment", {})
    }
    assert set(SERVICES) < set(pages) and found == {(name, name, port) for name, port in pages.items()}
    assert all("pages" in DOCUMENT["services"][name]["networks"] for name in (*pages, "prometheus"))
