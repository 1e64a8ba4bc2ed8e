"""PostgreSQL 18: password authentication, TCP on loopback only, one data folder."""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from random import Random

from deploy.embedded.account import Account, change_owner, postgres_account, user_arguments
from deploy.embedded.errors import EmbeddedError
from deploy.embedded.files import make_folder, write_private
from deploy.embedded.pgfiles import home_of, programs
from deploy.embedded.ports import LOOPBACK, free_port
from deploy.embedded.process import Launch
from deploy.embedded.run_paths import RunPaths, cache_dir
from deploy.embedded.server import Server

ADMIN = "hva_admin"
_INITDB = (
    f"--username={ADMIN}",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth=trust",  # only in the generated pg_hba.conf, which is replaced before the first start
    "--no-sync",
)
_PG_HBA = f"host all all {LOOPBACK}/32 scram-sha-256\n"
_SETTINGS = {
    "listen_addresses": f"'{LOOPBACK}'",
    "unix_socket_directories": "''",
    "max_connections": "200",
    "shared_buffers": "'256MB'",
    "jit": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "lc_messages": "'C'",
    "password_encryption": "'scram-sha-256'",
    # Neither statements nor the values in a violated key may reach a log file.
    "log_min_error_statement": "'panic'",
    "log_error_verbosity": "'terse'",
}


class EmbeddedPostgres(Server):
    """A database server. `durable=False` (tests) turns fsync off: data survives a crash, but not a power cut."""

    name = "postgres"
    title = "PostgreSQL"
    transient_errors = ("could not bind", "could not create any TCP/IP sockets", "shared memory block")

    def __init__(self, paths: RunPaths, rng: Random, *, durable: bool = True) -> None:
        super().__init__(paths, rng)
        self.port = 0
        self.password = ""
        self._durable = durable
        self._account: Account | None = None
        self._home = self._programs = Path()

    def dsn(self, role: str, password: str, database: str) -> str:
        return f"postgresql://{role}:{password}@{LOOPBACK}:{self.port}/{database}"

    @property
    def admin_dsn(self) -> str:
        return self.dsn(ADMIN, self.password, "postgres")

    async def prepare(self) -> None:
        await asyncio.to_thread(self._prepare)

    def choose_ports(self) -> None:
        self.port = free_port(self.rng)

    def launch(self) -> Launch:
        data = self._home / "data"
        settings = _SETTINGS | {"port": str(self.port), "fsync": "on" if self._durable else "off"}
        text = "".join(f"{name} = {value}\n" for name, value in settings.items())
        (data / "postgresql.conf").write_text(text, encoding="utf-8")
        (data / "pg_hba.conf").write_text(_PG_HBA, encoding="utf-8")
        argv = [str(self._programs / "postgres"), "-D", str(data)]
        # SIGINT rolls open transactions back; SIGTERM would wait for every client to disconnect.
        return Launch(self.name, argv, _environment(), self._home, signal.SIGINT, 20.0, self._account)

    async def accepts_clients(self) -> bool:
        import asyncpg

        try:
            connection = await asyncpg.connect(self.admin_dsn, timeout=10)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        await connection.close()
        return True

    def _prepare(self) -> None:
        self._account = postgres_account()
        self._home = home_of(self.paths, self._account)
        self._programs = programs(self._home, self._account)
        password_file = self.paths.dir / "postgres.password"
        if not (self._home / "data").exists():
            password = secrets.token_urlsafe(24)
            write_private(password_file, password)
            make_folder(self._home / "data", lambda folder: self._fill(folder, password))
        self.password = password_file.read_text(encoding="utf-8")

    def _fill(self, folder: Path, password: str) -> None:
        """Fills a new data folder from the template and sets its administrator's password."""
        key = sha256(repr((self._version(), _INITDB)).encode()).hexdigest()[:12]
        template = cache_dir() / "templates" / f"postgres-{key}"
        if template.exists():
            shutil.copytree(template, folder, dirs_exist_ok=True)
            self._set_owner(folder)
        else:
            self._set_owner(folder)
            self._run([self._tool("initdb"), f"--pgdata={folder}", *_INITDB])
            make_folder(template, lambda copy: _copy_folder(folder, copy))
        statement = f"ALTER ROLE {ADMIN} PASSWORD '{password}';\n"
        self._run([self._tool("postgres"), "--single", "-D", str(folder), "postgres"], statement)

    def _set_owner(self, folder: Path) -> None:
        folder.chmod(0o700)
        if self._account is not None:
            change_owner(folder, self._account)

    def _version(self) -> str:
        return self._run([self._tool("postgres"), "--version"])

    def _tool(self, name: str) -> str:
        return str(self._programs / name)

    def _run(self, argv: Sequence[str], stdin: str = "") -> str:
        done = subprocess.run(
            argv,
            input=stdin,
            env=_environment(),
            cwd=self._home,
            capture_output=True,
            check=False,
            text=True,
            **user_arguments(self._account),
        )
        if done.returncode != 0:
            self.paths.log(self.name).write_text(done.stdout + done.stderr, encoding="utf-8")
            name = Path(argv[0]).name
            raise EmbeddedError(f"PostgreSQL's {name} does not run here: see {self.paths.log(self.name)}.")
        return done.stdout


def _copy_folder(source: Path, target: Path) -> None:
    shutil.copytree(source, target, dirs_exist_ok=True)


def _environment() -> dict[str, str]:
    """PostgreSQL inherits no settings, keys or locale."""
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
