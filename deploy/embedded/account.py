"""The account PostgreSQL runs under: it refuses root, so root hands it to the account with no rights."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from deploy.embedded.errors import EmbeddedError


@dataclass(frozen=True, slots=True)
class Account:
    """An account other than the one we run as."""

    uid: int
    gid: int


class Switch(TypedDict, total=False):
    """The arguments with which a child is started under another account."""

    user: int
    group: int
    extra_groups: list[int]


def switch(account: Account | None) -> Switch:
    """Nothing to switch for None."""
    return {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}


def postgres_account() -> Account | None:
    """The account to switch to, or None when this one will do."""
    if os.geteuid() != 0:
        return None
    for name in ("nobody", "daemon"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedError("PostgreSQL does not run as root and there is no account `nobody`: be another user.")


def reachable(path: Path) -> bool:
    """Whether any account may walk to the path and, if it is a file, run it."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.resolve().parents))


def give(path: Path, account: Account) -> None:
    """Hands a folder with all its content to the account."""
    os.chown(path, account.uid, account.gid)
    for parent, folders, files in os.walk(path):
        for name in (*folders, *files):
            os.chown(Path(parent, name), account.uid, account.gid, follow_symlinks=False)
