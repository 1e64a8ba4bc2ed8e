"""The commands `hva up`, `status`, `down` and `doctor`, run as subprocesses."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from pathlib import Path
from random import Random

import psutil
import pytest

from deploy.embedded import process
from deploy.embedded.errors import EmbeddedError
from deploy.embedded.ports import free_port
from deploy.embedded.run_paths import PROJECT, RunPaths
from deploy.embedded.services import SERVICES, pages_port
from deploy.embedded.shutdown import end_supervisor, remove_run
from deploy.hva.context import VerbError, live_run, resolve
from deploy.hva.status import read_status
from tests.deadlines import DEADLINE_S, is_met_within_deadline


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    paths = RunPaths(tmp_path / "run")
    yield paths.dir
    end_supervisor(paths)
    remove_run(paths)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "deploy.hva", *arguments]


def environment(**settings: str) -> dict[str, str]:
    own = {key: value for key, value in os.environ.items() if not key.startswith("HVA_") or key == "HVA_CACHE_DIR"}
    return own | settings


def hva(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), cwd=PROJECT, env=environment(**env), capture_output=True, text=True, timeout=DEADLINE_S
    )


def hva_in_parallel(*commands: tuple[str, ...]) -> list[subprocess.CompletedProcess[str]]:
    """Runs independent commands concurrently."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda arguments: hva(*arguments), commands))


def processes_of(folder: Path) -> list[int]:
    supervisor = psutil.Process(json.loads((folder / "run.json").read_text())["supervisor"]["pid"])
    return [supervisor.pid, *(child.pid for child in supervisor.children(recursive=True))]


def test_a_run_in_the_background(folder: Path) -> None:
    up = hva("up", "--detach", "--dir", str(folder))
    assert up.returncode == 0, up.stderr
    status = hva("status", "--json", HVA_DIR=str(folder))
    assert status.returncode == 0
    seen = json.loads(status.stdout)
    assert seen.keys() == {"kafka", "postgres", "services", "serve"}
    assert seen["postgres"].keys() == {"admin", "steward", "reader"}
    assert seen["services"].keys() == set(SERVICES)
    assert all(service["ready"] for service in seen["services"].values())
    assert seen["serve"]["ready"]
    assert_front_page_shows_services(seen["serve"]["url"])
    assert_pages_can_be_served_by_hand(folder)
    assert resolve(folder, {}).kafka == seen["kafka"]
    again = hva("up", "--dir", str(folder))
    assert (again.returncode, "already up" in again.stdout) == (0, True)

    assert_killed_processes_restart(folder)

    started = processes_of(folder)
    down = hva("down", "--dir", str(folder))
    assert (down.returncode, "Stopped" in down.stdout) == (0, True)
    assert all(process.identity(pid) is None for pid in started)
    assert hva("status", "--dir", str(folder)).returncode == 1


def assert_front_page_shows_services(url: str) -> None:
    """The front page finds the database and every service."""

    def is_shown() -> bool:
        with urllib.request.urlopen(f"{url}en", timeout=DEADLINE_S) as page:
            text = page.read().decode()
        assert all(f">{service}</th>" in text for service in SERVICES)
        return "Everything runs." in text  # a busy service may answer too late

    assert is_met_within_deadline(is_shown)


def assert_pages_can_be_served_by_hand(folder: Path) -> None:
    """`hva serve` prints its address, finds the reader and the services of the run, and ends when asked."""
    with subprocess.Popen(
        command("serve", "--dir", str(folder)), cwd=PROJECT, env=environment(), stdout=subprocess.PIPE, text=True
    ) as pages:
        try:
            assert pages.stdout is not None
            assert_front_page_shows_services(pages.stdout.readline().split()[0])
            pages.terminate()
            assert pages.wait(DEADLINE_S) == 0
        finally:
            pages.kill()


def assert_killed_processes_restart(folder: Path) -> None:
    """The supervisor restarts a killed service, the killed pages and a killed server."""
    before = pids(folder)
    database = json.loads((folder / "pids" / "postgres.json").read_text())["pid"]
    for pid in (*before, database):
        os.kill(pid, signal.SIGKILL)

    def are_back() -> bool:
        return not before & pids(folder) and asyncio.run(read_status(live_run(folder))).all_ready

    assert is_met_within_deadline(are_back)


def pids(folder: Path) -> set[int]:
    """The processes of the first service and of the pages."""
    run = json.loads((folder / "run.json").read_text())
    return {run["services"][SERVICES[0]]["pid"], run["serve"]["pid"]}


def test_a_run_in_the_foreground_ends_with_ctrl_c(folder: Path) -> None:
    """Its pages are on the port that was chosen for them."""
    port = free_port(Random())
    with subprocess.Popen(
        command("up", "--dir", str(folder)),
        cwd=PROJECT,
        env=environment(HVA_SERVE_PORT=str(port)),
        stdout=subprocess.PIPE,
        text=True,
        # A shell starts its background jobs with SIGINT ignored; these tests may be one.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as up:
        try:
            assert up.stdout is not None
            output = list(takewhile("Press Ctrl-C to stop everything.\n".__ne__, up.stdout))
            assert up.poll() is None, output
            started = processes_of(folder)
            up.send_signal(signal.SIGINT)
            assert up.wait(DEADLINE_S) == 0
        finally:
            up.kill()
    assert any(line.startswith("Kafka") for line in output)
    assert f"serve       http://127.0.0.1:{port}/\n" in output
    assert all(process.identity(pid) is None for pid in started)


@pytest.mark.parametrize("port", ["x", "-1", "65536", "1.5"])
def test_port_of_the_pages_must_be_one(port: str) -> None:
    with pytest.raises(EmbeddedError, match="HVA_SERVE_PORT must be an integer from 0 to 65535"):
        pages_port({"HVA_SERVE_PORT": port})
    assert pages_port({}) is None and pages_port({"HVA_SERVE_PORT": "0"}) is None


def test_a_service_that_cannot_start_is_reported_in_one_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    up = hva("up", "--detach", "--dir", str(folder), HVA_CONFIG_DIR=str(tmp_path / "empty"))
    assert up.returncode == 1
    assert up.stderr.startswith("The service ") and "ends at its start" in up.stderr
    assert hva("down", "--dir", str(folder)).stdout.startswith("Nothing runs")


def test_commands_when_nothing_runs(tmp_path: Path) -> None:
    folder = str(tmp_path / "none")
    status, as_json, down = hva_in_parallel(
        ("status", "--dir", folder), ("status", "--json", "--dir", folder), ("down", "--dir", folder)
    )
    assert (status.returncode, status.stderr) == (
        1,
        f"Nothing runs in {folder}: start it with `hva up --dir {folder}`.\n",
    )
    assert (as_json.returncode, json.loads(as_json.stdout)) == (
        1,
        {"kafka": None, "postgres": {}, "services": {}, "serve": {}},
    )
    assert (down.returncode, down.stdout) == (0, f"Nothing runs in {folder}.\n")
    assert not Path(folder).exists()


def test_doctor_passes_on_this_machine(tmp_path: Path) -> None:
    assert hva("doctor", "--json").returncode == 0  # also fills an empty cache
    doctor = hva("doctor", "--offline", "--json")
    findings = {finding["name"]: finding["ok"] for finding in json.loads(doctor.stdout)}
    assert (doctor.returncode, set(findings.values())) == (0, {True})
    assert {"python", "packages", "java", "kafka jars", "postgresql", "disk", "registers"} <= findings.keys()


def test_doctor_names_what_is_missing(tmp_path: Path) -> None:
    open_keys = tmp_path / "keys"
    open_keys.write_text("k1 nothing\n")
    open_keys.chmod(0o644)
    doctor = hva(
        "doctor",
        "--offline",
        "--json",
        HVA_CACHE_DIR=str(tmp_path / "cache"),
        HVA_CONFIG_DIR=str(tmp_path),
        HVA_LETTER_KEY_FILE=str(open_keys),
    )
    missing = {finding["name"] for finding in json.loads(doctor.stdout) if not finding["ok"]}
    assert (doctor.returncode, missing) == (1, {"kafka jars", "key file", "registers"})


def test_usage_errors_exit_with_2() -> None:
    done = hva_in_parallel(("no-such-verb",), ("up", "--no-such-option"), ("--help",))
    assert [command.returncode for command in done] == [2, 2, 0]


def test_the_environment_takes_precedence(tmp_path: Path) -> None:
    given = {"HVA_KAFKA_BOOTSTRAP": "kafka:9092", "HVA_POSTGRES_URL": "postgresql://s@db/hva"}
    connection = resolve(tmp_path / "none", given)
    assert (connection.kafka, connection.postgres_steward) == ("kafka:9092", "postgresql://s@db/hva")
    with pytest.raises(VerbError, match="start it with `hva up"):
        resolve(tmp_path / "none", {})
