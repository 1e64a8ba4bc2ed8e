"""Findings of `hva doctor` about facts: codes that the registers lack, and clients with very many contacts."""

from pathlib import Path

import asyncpg
import pytest

from deploy.hva import doctor_data
from deploy.hva.finding import Finding
from shared.postgres.bootstrap import dsn_for
from shared.registers import load_folder
from tests.product import Database
from tests.store.fcr_harness import HOUR, START, Store, contact, retracted

NOTHING = "nothing unusual in the facts"


async def findings_by_name(fcr: Store) -> dict[str, Finding]:
    async with fcr.pool.acquire() as connection:
        return {finding.name: finding for finding in await doctor_data.findings(connection)}


async def test_known_codes_give_no_findings(fcr: Store) -> None:
    await fcr.feed(contact("a"))
    assert {name: (finding.ok, finding.text) for name, finding in (await findings_by_name(fcr)).items()} == {
        "outcomes": (True, NOTHING),
        "lines": (True, NOTHING),
        "names": (True, NOTHING),
        "link keys": (True, NOTHING),
        "readers": (True, "read published figures only"),
    }


async def test_rights_left_to_readers_are_reported(fcr: Store, _family_database: Database) -> None:
    admin = await asyncpg.connect(dsn_for(_family_database.admin, _family_database.name))
    function = "pg_stat_get_tuples_inserted(oid)"
    await admin.execute(f"grant execute on function {function} to public")
    try:
        readers = (await findings_by_name(fcr))["readers"]
        assert not readers.ok and readers.text.endswith("hva_reader can reach: row counts of all tables")
    finally:
        await admin.execute(f"revoke execute on function {function} from public")
        await admin.close()


async def test_outcome_without_flags_is_reported_until_retracted(fcr: Store) -> None:
    await fcr.feed(contact("a", outcome="outo"), contact("b", outcome="outo", classification="2031"))
    outcomes = (await findings_by_name(fcr))["outcomes"]
    assert not outcomes.ok and outcomes.text.endswith("no flags: oma-hame outo, oma-hame outo (2031)")
    await fcr.feed(retracted(contact_id="a"), retracted(contact_id="b"))
    assert (await findings_by_name(fcr))["outcomes"].ok


async def test_line_without_a_promise_is_reported_but_no_failure(fcr: Store) -> None:
    await fcr.feed(contact("a", line="uusi-linja"))
    assert (await findings_by_name(fcr))["lines"] == Finding(
        "lines", True, "no promise in promises.csv for: oma-hame uusi-linja"
    )


async def test_published_code_without_a_name_is_listed(fcr: Store) -> None:
    async with fcr.pool.acquire() as connection:
        shown = [("channel", "phone"), ("division", "sote"), ("segment", "all")]
        await connection.executemany(
            "insert into report.code_shown (family, county, year, key, code) values ('fcr', 'oma-hame', 1999, $1, $2)",
            shown,
        )
    names = await findings_by_name(fcr)
    async with fcr.pool.acquire() as connection:
        rows = await connection.fetch("select key, code, name_sv, named from report.code order by key")
        await connection.execute("delete from report.code_shown where year = 1999")
    assert names["names"] == Finding("names", True, "names.csv lacks these codes, which are published: division sote")
    assert [tuple(row) for row in rows] == [
        ("channel", "phone", "Telefon", True),
        ("division", "sote", "sote", False),
        ("segment", "all", "Alla", True),
    ]


async def test_name_of_the_register_comes_before_a_known_one(fcr: Store) -> None:
    async with fcr.pool.acquire() as connection:
        await connection.execute(
            "insert into reference.name values "
            "('question', 'useful', 'Hyödyllinen', '', ''), ('line', 'x', 'X', 'Y', 'Z')"
        )
        await connection.executemany(
            "insert into report.code_shown (family, county, year, key, code) values ('fcr', 'oma-hame', 1999, $1, $2)",
            [("line", "x"), ("question", "useful")],
        )
        rows = await connection.fetch("select code, name_fi, name_sv, named from report.code order by code desc")
        await connection.execute("delete from report.code_shown where year = 1999")
        await connection.execute("delete from reference.name")
    assert [tuple(row) for row in rows] == [("x", "X", "Y", True), ("useful", "Hyödyllinen", "useful", True)]


async def test_every_theme_of_the_default_register_has_names(fcr: Store) -> None:
    themes = sorted({theme for theme, _ in load_folder(Path("deploy/config")).themes})
    async with fcr.pool.acquire() as connection:
        await connection.executemany(
            "insert into report.code_shown (family, county, year, key, code) values ('fcr', 'oma-hame', 1999, $1, $2)",
            [("theme", theme) for theme in themes],
        )
        rows = await connection.fetch("select code, name_fi, name_sv, name_en, named from report.code order by code")
        await connection.execute("delete from report.code_shown where year = 1999")
    assert [row["code"] for row in rows] == themes and len(themes) == 8
    assert [row["code"] for row in rows if not row["named"]] == []
    assert len({name for row in rows for name in (row["name_fi"], row["name_sv"], row["name_en"])}) == 3 * len(themes)


async def test_long_link_key_is_reported_without_its_client(fcr: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_data, "MIN_LONG_KEY_CONTACTS", 5)
    await fcr.feed(*(contact(f"c{n}", START + n * HOUR) for n in range(5)))
    keys = (await findings_by_name(fcr))["link keys"]
    assert keys.ok and keys.text.endswith("about one reason: oma-hame terveys / kuume: 5 contacts")
    await fcr.feed(retracted(contact_id="c0"))
    assert (await findings_by_name(fcr))["link keys"].text == NOTHING
