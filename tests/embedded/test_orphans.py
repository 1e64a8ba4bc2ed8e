"""No process outlives its parent, and the next start of a folder ends only the processes that a crash left."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.embedded import process
from deploy.embedded.client import AlreadyRunning, SupervisorClient
from deploy.embedded.run_paths import PROJECT, RunPaths
from deploy.embedded.shutdown import end_supervisor, remove_run
from tests.deadlines import DEADLINE_S, is_met_within_deadline

_PARENT = """
import sys
from pathlib import Path
from deploy.embedded.client import SupervisorClient
from deploy.embedded.run_paths import RunPaths
client = SupervisorClient(RunPaths(Path(sys.argv[1])), ("postgres",))
client.wait_ready()
print(client.pid, flush=True)
client.wait()
"""


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[RunPaths]:
    """A run folder; its recorded processes are ended afterwards."""
    paths = RunPaths(tmp_path / "run")
    yield paths
    end_supervisor(paths)
    remove_run(paths)


def family(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def all_ended(processes: list[psutil.Process]) -> bool:
    return all(not one.is_running() or one.status() == psutil.STATUS_ZOMBIE for one in processes)


def all_end(processes: list[psutil.Process]) -> bool:
    def done() -> bool:
        try:
            return all_ended(processes)
        except psutil.NoSuchProcess:
            return False  # ended between the two checks: check again

    return is_met_within_deadline(done)


def test_everything_ends_with_a_killed_parent(paths: RunPaths) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(paths.dir)], stdout=subprocess.PIPE, cwd=PROJECT, text=True
    ) as parent:
        assert parent.stdout is not None
        started = family(int(parent.stdout.readline()))
        assert len(started) > 2
        parent.kill()
    assert all_end(started)
    assert not paths.run_file.exists()


def test_servers_end_with_a_killed_supervisor(paths: RunPaths) -> None:
    client = SupervisorClient(paths, ("kafka", "postgres"))
    client.wait_ready()
    started = family(client.pid)
    assert {"java", "postgres"} <= {one.name() for one in started}
    os.kill(client.pid, signal.SIGKILL)
    client.stop()
    assert all_end(started)


def test_a_new_start_ends_only_the_processes_of_the_crashed_run(paths: RunPaths) -> None:
    paths.make()
    with (
        subprocess.Popen(["sleep", "600"], start_new_session=True) as left,
        subprocess.Popen(["sleep", "600"], start_new_session=True) as stranger,
    ):
        process.record(paths, "kafka", left.pid)
        entry = {"pid": stranger.pid, "identity": "another boot:1"}
        (paths.pids / "postgres.json").write_text(json.dumps(entry))
        client = SupervisorClient(paths, ())
        client.wait_ready()
        client.stop()
        assert left.wait(DEADLINE_S) == -signal.SIGTERM
        assert stranger.poll() is None
        stranger.kill()


def test_data_survives_a_killed_supervisor(paths: RunPaths) -> None:
    first = SupervisorClient(paths, ("postgres",))
    before = first.wait_ready()["postgres"]["admin"]
    os.kill(first.pid, signal.SIGKILL)
    first.stop()
    second = SupervisorClient(paths, ("postgres",))
    after = second.wait_ready()["postgres"]["admin"]
    second.stop()
    assert before.rpartition(":")[0] == after.rpartition(":")[0]  # same password, new port


def test_one_supervisor_per_folder(paths: RunPaths) -> None:
    first = SupervisorClient(paths, ())
    first.wait_ready()
    second = SupervisorClient(paths, ())
    with pytest.raises(AlreadyRunning):
        second.wait_ready()
    second.stop()
    first.stop()


def test_a_detached_supervisor_runs_until_it_is_stopped(paths: RunPaths) -> None:
    client = SupervisorClient(paths, ("postgres",))
    client.wait_ready()
    started = family(client.pid)
    client.detach()
    assert not all_ended(started)
    assert end_supervisor(paths)
    assert all_end(started)
    assert not end_supervisor(paths)
