"""`hva figures` and `hva explain` on a database: a key that the view lacks is a usage error."""

import pytest
import typer

from deploy.hva.context import VerbError
from deploy.hva.explain import complete
from deploy.hva.figures import read
from shared.registers.figures import VIEWS
from tests.product import Database

CELL = {"county": "oma-hame", "period": "2026-03"}


@pytest.fixture
def dsn(_family_database: Database) -> str:
    return _family_database.dsn("hva_steward")


async def test_every_named_view_exists(dsn: str) -> None:
    for view in VIEWS:
        await read(dsn, "figures", view, complete(view, CELL))


@pytest.mark.parametrize("schema", ["figures", "report"])
@pytest.mark.parametrize("key", ["theme", "window_days", "n; drop"])
async def test_key_that_the_view_lacks_is_a_usage_error(dsn: str, schema: str, key: str) -> None:
    with pytest.raises(typer.BadParameter, match=rf"^nps has no key {key}: it has county, .*score"):
        await read(dsn, schema, "nps", {**CELL, key: "7"})


async def test_reader_has_no_exact_figures(_family_database: Database) -> None:
    reader = _family_database.dsn("hva_reader")
    assert await read(reader, "report", "nps", CELL) == []
    with pytest.raises(VerbError, match=r"^This database does not have view nps yet, or this role cannot read it"):
        await read(reader, "figures", "nps", CELL)
