"""A real Prometheus with the project's configuration, whose targets are processes on this machine."""

import json
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import yaml

from deploy.embedded.ports import free_port
from tests.deadlines import is_met_within_deadline
from tests.product import ROOT

FILES: Final = ROOT / "deploy" / "prometheus"
_UNPACKED: Final = ROOT / ".cache" / "prometheus" / "bin"
_INTERVAL: Final = "2s"  # instead of 10 s, so that rates have two samples soon

Series = Mapping[str, Any]
"""One series of an answer: `metric` has its labels, `value` its time and value."""


def program(name: str) -> str:
    """The path of `prometheus` or `promtool`: on the PATH, else where `.ci/prometheus` unpacks it."""
    if path := shutil.which(name) or shutil.which(name, path=str(_UNPACKED)):
        return path
    raise FileNotFoundError(f"no {name}: run .ci/prometheus")


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A running server."""

    port: int

    def query(self, query: str) -> list[Series]:
        """The series of an instant query. Raises AssertionError with the server's words when it refuses the query."""
        text = urllib.parse.urlencode({"query": query})
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/query?{text}", timeout=30) as page:
                found: list[Series] = json.load(page)["data"]["result"]
                return found
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{query}: {error.read().decode()}") from None

    def values(self, query: str) -> list[float]:
        """The values of an instant query."""
        return [float(series["value"][1]) for series in self.query(query)]

    def is_ready(self) -> bool:
        """Whether it answers queries."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5):
                return True
        except OSError:
            return False


@contextmanager
def running(folder: Path, targets: Mapping[str, int]) -> Iterator[Prometheus]:
    """A server with new data in a folder. `targets` are the ports of the jobs."""
    server = Prometheus(free_port(Random()))
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(_configuration({**targets, "prometheus": server.port})))
    command = [
        program("prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{server.port}",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        assert is_met_within_deadline(lambda: server.is_ready() or process.poll() is not None)
        assert process.poll() is None, (folder / "prometheus.log").read_text()[-2000:]
        yield server
    finally:
        process.kill()
        process.wait()


def _configuration(targets: Mapping[str, int]) -> dict[str, Any]:
    """The project's own configuration with other addresses and a shorter interval."""
    found: dict[str, Any] = yaml.safe_load((FILES / "prometheus.yml").read_text())
    found["global"] = dict.fromkeys(found["global"], _INTERVAL)
    found["rule_files"] = [str(FILES / "rules" / "*.yml")]
    assert {job["job_name"] for job in found["scrape_configs"]} == set(targets)
    found["scrape_configs"] = [
        {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]} for job, port in targets.items()
    ]
    return found
