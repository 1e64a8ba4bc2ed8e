"""`hva rotate-key`: a new key of pseudonyms before the old ones, and an old one away when nobody needs it."""

import asyncio
import base64
import fcntl
import os
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.embedded.files import write_private
from deploy.embedded.run_paths import RunPaths, run_dir
from deploy.embedded.runfile import read_run
from deploy.hva.context import Dir, VerbError, resolve, shown
from deploy.hva.output import confirm, print_text

if TYPE_CHECKING:
    from shared.keys import Key

_KEY_BYTES = 32
_CONNECT_S = 30.0


def register(app: typer.Typer) -> None:
    @app.command(name="rotate-key")
    def rotate_key(
        retire: Annotated[
            str | None, typer.Option(metavar="ID", help="Take this key, which no longer writes, out of the file")
        ] = None,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask before a key is taken out")] = False,
        dir: Dir = None,
    ) -> None:
        """Write pseudonyms by a new key from now on; persons known by older keys stay the same persons."""
        path = key_file(dir)
        if retire is None:
            _add(path, datetime.now(UTC))
        else:
            _retire(path, retire, yes, dir)


def key_file(folder: Path | None) -> Path:
    """The file of the environment, else that of the embedded run, running or not. Raises NotSoError."""
    run = read_run(RunPaths(run_dir(folder)))
    of_run = run.key_file if run and run.key_file else str(run_dir(folder) / "pseudonym.keys")
    path = Path(os.environ.get("HVA_PSEUDONYM_KEY_FILE") or of_run).resolve()  # a link stays, its target changes
    if not path.exists():
        raise VerbError(
            f"There is no key file {shown(path)}: name it in HVA_PSEUDONYM_KEY_FILE, or a run folder with --dir."
        )
    return path


def keys_of(path: Path) -> "tuple[Key, ...]":
    """The keys of a file. Raises NotSoError with the remedy."""
    from shared.keys import KeyFileError, read_keys

    try:
        return read_keys(path)
    except KeyFileError as error:
        raise VerbError(f"{str(error)[0].upper()}{str(error)[1:]}.") from None


def new_line(now: datetime, secret: bytes) -> str:
    """A line of a key file. The id tells people the day; its end makes sure that no id ever comes twice."""
    return f"k{now:%y%m%d}-{secrets.token_hex(2)} {base64.b64encode(secret).decode('ascii')}\n"


def without(text: str, key_id: str) -> str:
    """The file without the line of a key; comments and the other lines stay as they are."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if line.startswith("#") or line.split()[:1] != [key_id])


def change(path: Path, edit: Callable[[str], str]) -> None:
    """Replace the file by what `edit` makes of it, one at a time. Raises NotSoError; then nothing was changed."""
    with path.open(encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise VerbError(f"{shown(path)} is being changed by somebody else: try again.") from None
        _replace(path, edit(path.read_text(encoding="ascii")))


def _replace(path: Path, text: str) -> None:
    """All at once, for the same owner: a service that runs as somebody else must still be able to read it."""
    owner = path.stat()
    staged = path.with_name(f".{path.name}.new")
    write_private(staged, text)
    if (owner.st_uid, owner.st_gid) != (staged.stat().st_uid, staged.stat().st_gid):
        try:
            os.chown(staged, owner.st_uid, owner.st_gid)
        except OSError:
            staged.unlink()
            raise VerbError(f"{shown(path)} is somebody else's: run this as its owner. Nothing was changed.") from None
    staged.replace(path)


def _add(path: Path, now: datetime) -> None:
    old = keys_of(path)
    line = new_line(now, secrets.token_bytes(_KEY_BYTES))
    change(path, lambda text: line + text)
    new = keys_of(path)[0].id
    behind = ", ".join(key.id for key in old)
    print_text(
        f"{new} is the first key of {shown(path)} and writes from now on; behind it: {behind}.",
        "Running replicas of ingest that read this very file take it over within two seconds (their log says",
        "`pseudonym keys taken over`); bring it to all others, and put a copy beside your backups.",
        "A person whom an event names by hetu or local_id keeps the figures of before: ingest says once that the old",
        "pseudonym and the new one are the same person. Whom no event names stays known under the old key.",
        f"Keep {behind} as long as that may happen: `hva rotate-key --retire {old[0].id}` says how many are left.",
    )


def _retire(path: Path, key_id: str, yes: bool, folder: Path | None) -> None:
    keys = keys_of(path)
    if key_id not in [key.id for key in keys]:
        raise VerbError(f"{shown(path)} has no key of that id: there is {', '.join(key.id for key in keys)}.")
    if key_id == keys[0].id:
        raise VerbError(f"{key_id} writes: put a new key before it first, with `hva rotate-key`.")
    print_text(
        f"Without {key_id}, a person known only by a pseudonym of it becomes another person at the next event, and",
        "`hva erase` no longer finds that person by hetu or local_id. The key cannot be had back but from a copy.",
        _left(keys, key_id, folder),
        err=True,
    )
    if not yes and not confirm(f"Take {key_id} out of {shown(path)}?"):
        raise VerbError("Nothing was changed.")
    change(path, lambda text: without(text, key_id))
    print_text(f"{key_id} is out of {shown(path)}; left are {', '.join(key.id for key in keys_of(path))}.")


def _left(keys: "Sequence[Key]", key_id: str, folder: Path | None) -> str:
    """How many are known by the key alone, where a database can be asked."""
    import asyncpg

    try:
        alone = asyncio.run(_count(resolve(folder).postgres_steward, key_id, keys[0].id))
    except (VerbError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return f"How many are known by {key_id} alone cannot be told: no database answers as it should."
    return f"Known by {key_id} and not yet by {keys[0].id}: {alone} pseudonyms."


async def _count(dsn: str, key_id: str, first: str) -> int:
    import asyncpg

    from deploy.hva.client_facts import known_by_key_alone

    database = await asyncpg.connect(dsn, timeout=_CONNECT_S)
    try:
        return await known_by_key_alone(database, key_id, first)
    finally:
        await database.close()
