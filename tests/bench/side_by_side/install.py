"""Installs the stream frameworks into `.cache/peers`, apart from the product's environment."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tests.bench.stage import ROOT

FOLDER: Final = ROOT / ".cache" / "peers"
PROGRAMS: Final = ROOT / "tests" / "bench" / "peers"
_PINS: Final = PROGRAMS / "requirements.txt"


def _digest(files: Iterable[Path]) -> str:
    """Names a folder by the content of what it is made from."""
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sorted(files) if path.is_file())).hexdigest()[:12]


_ENVIRONMENT: Final = FOLDER / f"python-{_digest([_PINS])}"
PYTHON: Final = _ENVIRONMENT / "bin" / "python"
_JAVA_SOURCES: Final = PROGRAMS / "kafka_streams"
_JAVA: Final = FOLDER / f"kafka-streams-{_digest(_JAVA_SOURCES.rglob('*.*'))}"
_LOGGING: Final = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",)
_TIMEOUT_S: Final = 900


class NotHereError(Exception):
    """A framework cannot be installed here. The message is the reason, one line."""


def python_package(name: str) -> str:
    """Install a package with its pinned dependencies, and return its version. Raises NotHereError."""
    if not PYTHON.exists():
        run([_uv(), "venv", "--quiet", "--clear", "--python", sys.executable, str(_ENVIRONMENT)])
    wanted = [name, "orjson", "psycopg2-binary"]
    run([_uv(), "pip", "install", "--quiet", "--python", str(PYTHON), "--constraint", str(_PINS), *wanted])
    return run([str(PYTHON), "-c", f"from importlib.metadata import version; print(version('{name}'))"])


def kafka_streams() -> str:
    """Build the program with Maven, and return the version of Kafka Streams. Raises NotHereError."""
    for program in ("java", "javac", "mvn"):
        if shutil.which(program) is None:
            raise NotHereError(f"{program} is not installed")
    if not (_JAVA / "classes" / "Peer.class").exists():
        run(["mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={_JAVA / 'lib'}"], _JAVA_SOURCES)
        sources = [str(path) for path in sorted((_JAVA_SOURCES / "src").rglob("*.java"))]
        run(["javac", "-proc:none", "-cp", f"{_JAVA / 'lib'}/*", "-d", str(_JAVA / "classes"), *sources])
    (jar,) = (_JAVA / "lib").glob("kafka-streams-*.jar")
    return jar.stem.removeprefix("kafka-streams-")


def java_command() -> list[str]:
    """Start of the command line of a Java program with Kafka Streams."""
    return [
        "java",
        "-Xmx512m",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-cp",
        f"{_JAVA}/classes:{_JAVA}/lib/*",
    ]


def _uv() -> str:
    found = shutil.which("uv", path=f"{ROOT / '.uv' / 'bin'}") or shutil.which("uv")
    if found is None:
        raise NotHereError("uv is not installed")
    return found


def run(argv: list[str], folder: Path = ROOT) -> str:
    """Run a command and return what it prints. Raises NotHereError with the last line of its errors."""
    try:
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotHereError(str(error)) from None
    if done.returncode != 0:
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise NotHereError(lines[-1] if lines else f"{argv[0]} failed")
    return done.stdout.strip()
