"""The paths of the embedded run: one run folder per run, one cache folder per user."""

import os
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.errors import EmbeddedError

DEFAULT_DIR = Path(".hva")
PROJECT = Path(__file__).resolve().parents[2]


def run_dir(given: Path | None = None) -> Path:
    """The run folder: the one given, else `HVA_DIR`, else `.hva` below the current folder."""
    return (given or Path(os.environ.get("HVA_DIR") or DEFAULT_DIR)).absolute()


def cache_dir() -> Path:
    """The folder of verified jars and templates: `HVA_CACHE_DIR`, else one in the user's cache folder."""
    chosen = os.environ.get("HVA_CACHE_DIR")
    if chosen:
        return Path(chosen).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(base) / "hva-metrics"


@dataclass(frozen=True, slots=True)
class RunPaths:
    """The paths inside one run folder. Nothing is written outside it except the cache."""

    dir: Path

    @property
    def logs(self) -> Path:
        return self.dir / "logs"

    @property
    def pids(self) -> Path:
        return self.dir / "pids"

    @property
    def tmp(self) -> Path:
        return self.dir / "tmp"

    @property
    def kafka(self) -> Path:
        return self.dir / "kafka"

    @property
    def run_file(self) -> Path:
        return self.dir / "run.json"

    @property
    def secrets_file(self) -> Path:
        return self.dir / "secrets.json"

    @property
    def postgres_home_record(self) -> Path:
        """The file that holds the path of PostgreSQL's folder."""
        return self.dir / "postgres.home"

    @property
    def lock_file(self) -> Path:
        return self.dir / "lock"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def make(self) -> None:
        """Creates the folders, private to their owner. Raises EmbeddedError.

        For root, others may traverse (not read) the run folder itself: PostgreSQL refuses to run as root, and its
        account has to reach its own folder inside.
        """
        try:
            self.dir.mkdir(parents=True, exist_ok=True)
            self.dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
            for folder in (self.logs, self.pids, self.tmp, self.kafka):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise EmbeddedError(
                f"The run folder {self.dir} cannot be created ({error.strerror}): name another one with --dir."
            ) from error
