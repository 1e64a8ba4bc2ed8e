"""The jars of Apache Kafka: jgo fetches them by coordinate; only jars with the pinned SHA-256 are used.

`jars.lock` has one jar per line: `group:artifact:version sha256`. Verified jars stay in the cache folder, so a
second start needs no network.
"""

import hashlib
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.errors import EmbeddedError
from deploy.embedded.run_paths import cache_dir

LOCK = Path(__file__).with_name("jars.lock")


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned jar."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def coordinate(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"

    @property
    def filename(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


def read_lock(lock: Path = LOCK) -> tuple[Jar, ...]:
    """The pinned jars, in class path order."""
    lines = lock.read_text(encoding="ascii").splitlines()
    return tuple(_parse(line) for line in lines if line and not line.startswith("#"))


def classpath(cache: Path | None = None, lock: Path = LOCK, *, offline: bool = False) -> str:
    """Kafka's class path. Fetches the jars that the cache lacks. Raises EmbeddedError."""
    folder = (cache or cache_dir()) / "jars"
    jars = read_lock(lock)
    missing = [jar for jar in jars if not is_verified(jar, folder)]
    if missing and offline:
        raise EmbeddedError(f"{len(missing)} Kafka jars are not in {folder} yet: run `hva up` once online.")
    if missing:
        _fetch(missing, folder)
    return ":".join(str(folder / jar.filename) for jar in jars)


def is_verified(jar: Jar, folder: Path) -> bool:
    """Whether the cache folder holds exactly the pinned jar."""
    path = folder / jar.filename
    return path.is_file() and sha256_of(path) == jar.sha256


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _parse(line: str) -> Jar:
    coordinate, sha256 = line.split()
    group, artifact, version = coordinate.split(":")
    return Jar(group, artifact, version, sha256)


def _fetch(jars: Sequence[Jar], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(dir=folder, prefix=".fetch.") as staging,
            ThreadPoolExecutor(8) as pool,
        ):
            for done in [pool.submit(_fetch_one, jar, Path(staging), folder) for jar in jars]:
                done.result()
    except OSError as error:  # includes connection failures: requests derives its errors from OSError
        raise EmbeddedError(
            f"The Kafka jars could not be fetched into {folder} ({type(error).__name__}):"
            " check that Maven Central can be reached from here and that the disk has space, then run it again."
        ) from error


def _fetch_one(jar: Jar, staging: Path, folder: Path) -> None:
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=staging, timeout=60)
    try:
        found = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    except RuntimeError as error:
        raise EmbeddedError(f"Maven Central does not deliver {jar.coordinate}: try again later.") from error
    actual = sha256_of(found)
    if actual != jar.sha256:
        raise EmbeddedError(
            f"The jar {jar.coordinate} has SHA-256 {actual[:12]}… instead of {jar.sha256[:12]}… and was not used:"
            f" compare it with {LOCK.name}, or check whether a proxy on this network changes downloads."
        )
    found.replace(folder / jar.filename)
