"""Root and ordinary accounts, folders that others cannot reach, ports, listening addresses and file modes."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random

import psutil
import pytest

from deploy.embedded import pgfiles
from deploy.embedded.account import postgres_account, reachable, user_arguments
from deploy.embedded.client import SupervisorClient
from deploy.embedded.ports import LOOPBACK, free_port, is_free
from deploy.embedded.run_paths import PROJECT, RunPaths, cache_dir
from deploy.embedded.shutdown import remove_run
from tests.bytecode import BYTECODE

_START = """
import os, sys
from pathlib import Path
from deploy.embedded.client import SupervisorClient
from deploy.embedded.run_paths import RunPaths
client = SupervisorClient(RunPaths(Path(sys.argv[1])), ("kafka", "postgres"), ephemeral=True)
client.wait_ready()
client.stop()
print("ran as", os.geteuid())
"""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can switch accounts")


def python_for_all() -> str | None:
    """A Python of the same version that any account may run."""
    candidates = (Path(sys.executable).resolve(), Path(f"/usr/bin/python3.{sys.version_info.minor}"))
    return next((str(path) for path in candidates if path.exists() and reachable(path)), None)


@needs_root
def test_an_ordinary_account_can_run_it() -> None:
    python, account = python_for_all(), pwd.getpwnam("nobody")
    if python is None or not reachable(PROJECT):
        pytest.skip("other accounts can reach neither this checkout nor a Python")
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    with tempfile.TemporaryDirectory(prefix="hva-test-") as folder:
        shutil.copytree(cache_dir() / "jars", f"{folder}/cache/jars")
        for path in (Path(folder), *Path(folder).rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid)
        done = subprocess.run(
            [python, "-c", _START, f"{folder}/run"],
            user=account.pw_uid,
            group=account.pw_gid,
            extra_groups=[],
            cwd=PROJECT,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": f"{PROJECT}:{packages}",
                **BYTECODE,
                "PYTHONDONTWRITEBYTECODE": "1",
                "HVA_CACHE_DIR": f"{folder}/cache",
            },
            capture_output=True,
            text=True,
        )
    assert done.stdout == f"ran as {account.pw_uid}\n", done.stderr


@needs_root
def test_root_below_a_private_folder() -> None:
    with tempfile.TemporaryDirectory(prefix="hva-test-") as private:
        paths = RunPaths(Path(private) / "run")
        client = SupervisorClient(paths, ("postgres",))
        client.wait_ready()
        home = Path(paths.postgres_home_record.read_text().strip())
        client.stop()
        assert not home.is_relative_to(private)
        assert (home / "data").stat().st_uid != 0
        assert Path(private).stat().st_mode & 0o777 == 0o700
        remove_run(paths)
        assert not home.exists()


@needs_root
def test_programs_that_others_cannot_reach_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pgfiles, "reachable", lambda path: False)
    account = postgres_account()
    assert account is not None
    with tempfile.TemporaryDirectory(prefix="hva-test-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        copied = pgfiles.programs(home, account)
        assert copied.is_relative_to(home)
        for program in ("postgres", "initdb"):
            version = subprocess.check_output([copied / program, "--version"], text=True, **user_arguments(account))
            assert "(PostgreSQL) 18" in version


def test_servers_listen_on_loopback_only(kafka_server, postgres_server) -> None:
    listening = [
        connection
        for server in psutil.Process(kafka_server.client.pid).children()
        for connection in server.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) == 3  # Kafka's broker, Kafka's controller, PostgreSQL
    assert {connection.laddr.ip.removeprefix("::ffff:") for connection in listening} == {LOOPBACK}


def test_secrets_are_private(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path / "run")
    client = SupervisorClient(paths, ("postgres",))
    client.wait_ready()
    modes = {path.name: path.stat().st_mode & 0o077 for path in paths.dir.iterdir() if path.is_file()}
    logs = {path.name: path.stat().st_mode & 0o077 for path in paths.logs.iterdir()}
    client.stop()
    remove_run(paths)
    assert {"run.json", "postgres.password"} <= modes.keys()
    assert set(modes.values()) | set(logs.values()) == {0}


def test_a_taken_port_is_not_free() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        assert not is_free(server.getsockname()[1])
    assert is_free(free_port(Random(1)))
