"""`python -m deploy.serve` as a process: it starts without a database, refuses what it must, and stops at once."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.probe import problem
from tests.deadlines import DEADLINE_S, is_met_within_deadline
from tests.product import ROOT, Database

NOWHERE = "postgresql://hva_reader:x@127.0.0.1:9/hva"


def environment(dsn: str, **settings: str) -> dict[str, str]:
    own = {key: value for key, value in os.environ.items() if not key.startswith("HVA_")}
    return own | {"HVA_POSTGRES_URL": dsn, **settings}


@contextmanager
def serving(
    dsn: str, log: Path, module: str = "deploy.serve", **settings: str
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A running server and its port."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module], cwd=ROOT, env=environment(dsn, **settings), stderr=output
        )

    def port() -> int | None:
        lines = (json.loads(line) for line in log.read_text().splitlines())
        return next((int(line["port"]) for line in lines if line["text"] == "started"), None)

    try:
        assert is_met_within_deadline(lambda: port() is not None or process.poll() is not None)
        found = port()
        assert found is not None, log.read_text()
        yield process, found
    finally:
        process.kill()
        process.wait()


def fails_with(dsn: str, **settings: str) -> str:
    """Start a server that cannot start; returns its last words."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy.serve"],
        cwd=ROOT,
        env=environment(dsn, **settings),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def test_server_starts_without_a_database_and_stops_at_once(tmp_path: Path) -> None:
    with serving(NOWHERE, tmp_path / "log") as (process, port):
        assert "cannot be reached" in str(problem(port))
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/sv", timeout=DEADLINE_S)
        except urllib.error.HTTPError as error:
            assert error.code == 503 and "Databasen svarar inte." in error.read().decode()
        else:
            raise AssertionError("the front page has no database")
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 0
    assert json.loads((tmp_path / "log").read_text().splitlines()[-1])["text"] == "stopped"


def test_container_health_check_passes_with_a_database(database: Database, tmp_path: Path) -> None:
    with serving(database.dsn("hva_reader"), tmp_path / "log") as (_, port):
        assert problem(port) is None


def test_role_that_reads_exact_figures_is_refused(database: Database) -> None:
    for role in ("hva_steward", "hva_nps"):
        assert "this role reads exact figures" in fails_with(database.dsn(role))


def test_port_in_use_is_reported_in_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert fails_with(NOWHERE, HVA_SERVE_PORT=port).startswith("serve cannot start: HVA_SERVE_HOST and")
    assert fails_with("nonsense") == "serve cannot start: HVA_POSTGRES_URL must begin with postgresql://"
