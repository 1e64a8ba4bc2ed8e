"""The account that PostgreSQL runs under. PostgreSQL refuses root, so root starts it as an account without rights."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from deploy.embedded.errors import EmbeddedError


@dataclass(frozen=True, slots=True)
class Account:
    """An account other than the current one."""

    uid: int
    gid: int


class UserArguments(TypedDict, total=False):
    """The `subprocess` arguments that start a child under another account."""

    user: int
    group: int
    extra_groups: list[int]


def user_arguments(account: Account | None) -> UserArguments:
    """The arguments for this account; none for None."""
    return {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}


def postgres_account() -> Account | None:
    """The account to switch to, or None when the current one works. Raises EmbeddedError."""
    if os.geteuid() != 0:
        return None
    for name in ("nobody", "daemon"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedError("PostgreSQL does not run as root and there is no account `nobody`: run it as another user.")


def reachable(path: Path) -> bool:
    """Whether any account may traverse to the path and, if it is a file, run it."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.resolve().parents))


def change_owner(path: Path, account: Account) -> None:
    """Makes the account the owner of a folder and all its content."""
    os.chown(path, account.uid, account.gid)
    for parent, folders, files in os.walk(path):
        for name in (*folders, *files):
            os.chown(Path(parent, name), account.uid, account.gid, follow_symlinks=False)
