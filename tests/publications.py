"""What tests and benchmarks that need no publications, or few, do without."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import asyncpg
import yaml

from shared.postgres.lock import SERVICE_NUMBERS
from shared.publication.protection import FAMILIES
from shared.publication.publish import LOCK

_REGISTERS = Path(__file__).parent.parent / "deploy" / "config"


async def hold_publications(dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
    """Hold the lock of every family's publisher, as another replica that publishes. It ends with the connection.

    A family that starts with an empty database publishes every county and year, each in a new process. Together these
    take more processor time than the rest of most tests, and only tests of publications need them.
    """
    connection = await asyncpg.connect(dsn)
    for family in FAMILIES:
        await connection.execute("select pg_advisory_lock($1, $2)", LOCK, SERVICE_NUMBERS[family])
    return connection


def registers_of_one_year(folder: Path, today: date) -> Path:
    """Make a folder with the registers of the product, with figures from the year of the previous quarter on only:
    fewer years to publish. Returns the folder.
    """
    shutil.copytree(_REGISTERS, folder)
    rule = yaml.safe_load((folder / "segment_rule.yaml").read_text())
    since = (today - timedelta(days=92)).replace(month=1, day=1)
    (folder / "segment_rule.yaml").write_text(yaml.safe_dump({**rule, "figures_from": since}))
    return folder
