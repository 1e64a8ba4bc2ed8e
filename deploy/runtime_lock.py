"""`python -m deploy.runtime_lock LOCK PYPROJECT [EXTRA...]`: the part of requirements.lock that an image needs.

The lock also holds what tests and the embedded run need: Java, PostgreSQL, linters. An image gets only what
`[project] dependencies` and the extras that are named reach. The lock says which package requires each package
(`# via`), so its own text is enough; a package that was missed would fail the image's build, since hashes are required
of everything.
"""

import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_BLOCK: Final = re.compile(r"^(?=[A-Za-z0-9])", re.MULTILINE)  # a package begins at the first column
_WANTED_BY: Final = re.compile(r"^ +# +(?:via )?([A-Za-z0-9._-]+)$", re.MULTILINE)
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")


def runtime_lock(lock: str, pyproject: str, extras: Sequence[str] = ()) -> str:
    """The blocks of the lock that the project's own dependencies and those of the extras reach."""
    blocks = {_name(block): block for block in _BLOCK.split(lock) if _NAME.match(block)}
    project = tomllib.loads(pyproject)["project"]
    wanted = [project["dependencies"], *(project["optional-dependencies"][extra] for extra in extras)]
    reached = {_name(text) for texts in wanted for text in texts}
    while more := {name for name, block in blocks.items() if name not in reached and reached & _wanted_by(block)}:
        reached |= more
    return "".join(block for name, block in blocks.items() if name in reached)


def _wanted_by(block: str) -> set[str]:
    return {name.lower() for name in _WANTED_BY.findall(block)} - {"via"}


def _name(text: str) -> str:
    found = _NAME.match(text)
    return re.sub(r"[._-]+", "-", found[0]).lower() if found else ""


if __name__ == "__main__":
    lock, pyproject = (Path(path).read_text(encoding="utf-8") for path in sys.argv[1:3])
    sys.stdout.write(runtime_lock(lock, pyproject, sys.argv[3:]))
