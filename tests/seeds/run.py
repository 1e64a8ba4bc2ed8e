"""`python -m tests.seeds.run COMMAND ...`: runs a command while an embedded run has the figures of the documents.

It starts a run in a temporary folder with the registers of the seeds, loads the events in full size (with `--small` as
first argument: in the size of the tests), publishes, compares the figures with the documents, runs the command with
`HVA_DIR` and `HVA_CONFIG_DIR` set, and stops the run. For instance
`python -m tests.seeds.run .venv/bin/hva figures nps --county esimerkki --period 2026Q1`.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from deploy.embedded.client import SupervisorClient
from deploy.embedded.run_paths import RunPaths
from deploy.hva.context import resolve
from tests.memory import folder_in_memory
from tests.seeds import CONFIG, check
from tests.seeds.events import events
from tests.seeds.size import FULL, SMALL, Size

_OTHER_SERVERS = ("HVA_KAFKA_BOOTSTRAP", "HVA_POSTGRES_URL")


@contextmanager
def embedded_run(size: Size = FULL) -> Iterator[Path]:
    """The folder of a run with published figures, which ends with the context.

    Meanwhile the settings in the environment of this process are those of the run. Raises RuntimeError when a figure is
    not as published, EmbeddedError and CalledProcessError when the run or a verb of `hva` fails.
    """
    before = dict(os.environ)
    folder = Path(tempfile.mkdtemp(prefix="hva-seeds-", dir=folder_in_memory()))
    for name in _OTHER_SERVERS:
        os.environ.pop(name, None)
    os.environ |= {"HVA_DIR": str(folder), "HVA_CONFIG_DIR": str(CONFIG)}
    client = SupervisorClient(RunPaths(folder), ephemeral=True)
    try:
        client.wait_ready()
        _load_and_publish(size, folder / "events.jsonl")
        asyncio.run(_compare(size))
        yield folder
    finally:
        client.stop()
        os.environ.clear()
        os.environ |= before


def _load_and_publish(size: Size, file: Path) -> None:
    file.write_bytes(b"".join(line + b"\n" for line in events(size)))
    for words in (["load", str(file)], ["wait", "--timeout", "1800"], ["publish"]):
        subprocess.run([sys.executable, "-m", "deploy.hva", *words], check=True)


async def _compare(size: Size) -> None:
    connection = await asyncpg.connect(resolve().postgres_steward)
    try:
        for schema in ("figures", "report"):
            found = await check.tables(connection, schema)
            if problems := check.problems(found, size, exact=schema == "figures"):
                raise RuntimeError("\n".join([f"Schema {schema}:", *problems]))
    finally:
        await connection.close()


def main() -> None:
    small, command = sys.argv[1:2] == ["--small"], sys.argv[1:]
    with embedded_run(SMALL if small else FULL):
        sys.exit(subprocess.run(command[small:], check=False).returncode)


if __name__ == "__main__":
    main()
