"""The SQL in docs/*.md runs on a migrated database, and the tables that the pages name exist."""

import re
from pathlib import Path

import asyncpg

from tests.product import SERVICES, Database

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = "\n".join(file.read_text(encoding="utf-8") for file in sorted(DOCS.rglob("*.md")))
SCHEMAS = ("figures", "migration", "reference", "report", *SERVICES)


def statements() -> list[str]:
    """The statements of the SQL examples, without the results that follow an empty line."""
    blocks = re.findall(r"^```sql\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    lines = "\n".join(re.sub(r"--.*", "", block.split("\n\n")[0]) for block in blocks)
    return [statement for text in lines.split(";") if (statement := text.strip())]


async def test_examples_run(database: Database) -> None:
    steward = await asyncpg.connect(database.dsn("hva_steward"))
    try:
        for statement in statements():
            await steward.execute(statement)
    finally:
        await steward.close()
    assert len(statements()) >= 4


async def test_named_tables_and_functions_exist(database: Database) -> None:
    names = set(re.findall(rf"`((?:{'|'.join(SCHEMAS)})\.(?!yaml`)[a-z_0-9]+)`", TEXT))
    owner = await asyncpg.connect(database.dsn("hva_migrate"))
    try:
        missing = await owner.fetch(
            "select name from unnest($1::text[]) name where to_regclass(name) is null and to_regproc(name) is null",
            sorted(names),
        )
    finally:
        await owner.close()
    assert len(names) > 15 and missing == []
