"""The simulator of docker-compose.yml shows figures as soon as it is healthy."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy" / "simulate" / "feed.sh"
_PYTHON = """#!/bin/sh
shift 2 # -m deploy.hva
echo "$1" >> "$CALLS"
[ "$1" != "$FAILS" ]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for the files of the script, with commands that only record how they are called."""
    for name, text in (("python", _PYTHON), ("sleep", "#!/bin/sh\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return tmp_path


def run(folder: Path, fails: str = "") -> tuple[int, list[str], bool]:
    """Run the script without a live feed: its exit code, its commands, and whether it becomes healthy."""
    script = SCRIPT.read_text(encoding="utf-8").replace("/tmp/", f"{folder}/")
    settings = {"DAYS": "1", "CLIENTS": "1", "UNTIL": "", "RATE": "0", "CALLS": str(folder / "calls"), "FAILS": fails}
    environment = {**os.environ, **settings, "PATH": f"{folder}:{os.environ['PATH']}"}
    done = subprocess.run(["sh", "-c", script], env=environment, check=False, capture_output=True, timeout=60)
    return done.returncode, (folder / "calls").read_text().split(), (folder / "loaded").exists()


def test_history_is_published_before_the_simulator_is_healthy(folder: Path) -> None:
    assert run(folder) == (0, ["simulate", "load", "wait", "publish"], True)


def test_simulator_is_not_healthy_without_a_publication(folder: Path) -> None:
    code, _, healthy = run(folder, fails="publish")
    assert code != 0 and not healthy
