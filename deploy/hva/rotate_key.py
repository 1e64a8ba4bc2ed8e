"""`hva rotate-key`: adds a new first pseudonym key, or removes an old key that is no longer needed."""

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
from deploy.hva.context import Dir, VerbError, as_sentence, display_path, resolve
from deploy.hva.output import confirm, print_text

if TYPE_CHECKING:
    from shared.keys import Key

_KEY_BYTES = 32
_CONNECT_TIMEOUT_S = 30.0


def register(app: typer.Typer) -> None:
    @app.command(name="rotate-key")
    def rotate_key(
        retire: Annotated[
            str | None, typer.Option(metavar="ID", help="Remove this key, which must not be the first one")
        ] = None,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask before removing a key")] = False,
        dir: Dir = None,
    ) -> None:
        """Make pseudonyms with a new key from now on. Persons known by older keys stay the same persons."""
        path = key_file(dir)
        if retire is None:
            _add(path, datetime.now(UTC))
        else:
            _retire(path, retire, yes, dir)


def key_file(folder: Path | None) -> Path:
    """The key file of the environment, else of the embedded run, which need not be up. Raises VerbError."""
    run = read_run(RunPaths(run_dir(folder)))
    run_file = run.key_file if run and run.key_file else str(run_dir(folder) / "pseudonym.keys")
    path = Path(os.environ.get("HVA_PSEUDONYM_KEY_FILE") or run_file).resolve()  # edits the target of a symbolic link
    if not path.exists():
        raise VerbError(
            f"There is no key file {display_path(path)}: name it in HVA_PSEUDONYM_KEY_FILE, or a run folder with --dir."
        )
    return path


def keys_of(path: Path) -> "tuple[Key, ...]":
    """The keys of a file. Raises VerbError, which says how to fix the file."""
    from shared.keys import KeyFileError, read_keys

    try:
        return read_keys(path)
    except KeyFileError as error:
        raise VerbError(as_sentence(error)) from None


def new_line(now: datetime, secret: bytes) -> str:
    """A line of a key file. The id shows the day; its random end makes it unique."""
    return f"k{now:%y%m%d}-{secrets.token_hex(2)} {base64.b64encode(secret).decode('ascii')}\n"


def without_key(text: str, key_id: str) -> str:
    """The text of the file without the line of a key. Comments and other lines stay unchanged."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if line.startswith("#") or line.split()[:1] != [key_id])


def change(path: Path, edit: Callable[[str], str]) -> None:
    """Replace the text of the file by `edit(text)` under a file lock. Raises VerbError and then changes nothing."""
    with path.open(encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise VerbError(f"{display_path(path)} is being changed by another process: try again.") from None
        _replace(path, edit(path.read_text(encoding="ascii")))


def _replace(path: Path, text: str) -> None:
    """Replace the file atomically and keep its owner, so that a service of another user can still read it."""
    owner = path.stat()
    staged = path.with_name(f".{path.name}.new")
    write_private(staged, text)
    if (owner.st_uid, owner.st_gid) != (staged.stat().st_uid, staged.stat().st_gid):
        try:
            os.chown(staged, owner.st_uid, owner.st_gid)
        except OSError:
            staged.unlink()
            raise VerbError(
                f"{display_path(path)} belongs to another user: run this as its owner. Nothing was changed."
            ) from None
    staged.replace(path)


def _add(path: Path, now: datetime) -> None:
    old = keys_of(path)
    line = new_line(now, secrets.token_bytes(_KEY_BYTES))
    change(path, lambda text: line + text)
    new = keys_of(path)[0].id
    older = ", ".join(key.id for key in old)
    print_text(
        f"{new} is now the first key of {display_path(path)} and makes all new pseudonyms. Older keys: {older}.",
        "Running replicas of ingest that read this file load it within two seconds (log: `pseudonym keys loaded`).",
        "Copy the file to all other replicas, and keep a copy with your backups.",
        "When an event identifies a person by hetu or local_id, ingest merges their old and new pseudonym: they stay",
        "the same person. A person without new events stays known by the old key only.",
        f"Keep the older keys while such persons may return: `hva rotate-key --retire {old[0].id}` counts them first.",
    )


def _retire(path: Path, key_id: str, yes: bool, folder: Path | None) -> None:
    keys = keys_of(path)
    if key_id not in [key.id for key in keys]:
        raise VerbError(
            f"{display_path(path)} has no key of that id; its keys are {', '.join(key.id for key in keys)}."
        )
    if key_id == keys[0].id:
        raise VerbError(f"{key_id} is the first key: add a new one with `hva rotate-key` before you remove it.")
    print_text(
        f"Without {key_id}, a person known only by a pseudonym of it becomes another person at their next event, and",
        "`hva erase` no longer finds them by hetu or local_id. Only a copy of the file can restore the key.",
        _count_sentence(keys, key_id, folder),
        err=True,
    )
    if not yes and not confirm(f"Remove {key_id} from {display_path(path)}?"):
        raise VerbError("Nothing was changed.")
    change(path, lambda text: without_key(text, key_id))
    print_text(
        f"Removed {key_id} from {display_path(path)}; remaining keys: {', '.join(key.id for key in keys_of(path))}."
    )


def _count_sentence(keys: "Sequence[Key]", key_id: str, folder: Path | None) -> str:
    """A sentence with the number of pseudonyms known only by the key, if a database answers."""
    import asyncpg

    try:
        alone = asyncio.run(_count(resolve(folder).postgres_steward, key_id, keys[0].id))
    except (VerbError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return f"The number of pseudonyms known only by {key_id} is unknown: no database is available."
    return f"Pseudonyms known by {key_id} and not yet by {keys[0].id}: {alone}."


async def _count(dsn: str, key_id: str, first: str) -> int:
    import asyncpg

    from deploy.hva.client_facts import count_known_only_by_key

    database = await asyncpg.connect(dsn, timeout=_CONNECT_TIMEOUT_S)
    try:
        return await count_known_only_by_key(database, key_id, first)
    finally:
        await database.close()
