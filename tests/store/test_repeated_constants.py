"""Constants that are both in Python and in SQL functions or views are equal."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, get_args

import asyncpg
import pytest

from services.fcr.domain import DIGITAL_BOOKING, RESOLUTION_CHANNELS, WAIT_BOUNDS, WINDOWS
from services.fcr.facts import FIRST_LINE_CHANNELS, MAX_CONTACT_LENGTH, MAX_EARLY_LENGTH
from services.nps.domain import RECOMMEND, answer_class
from shared.contracts.care import Suuntima
from shared.contracts.feedback import COPING
from shared.disclosure.model import VIEWS
from shared.labels import MEMBER
from shared.registers.figures import CONSTANT_KEYS, METRICS, is_share
from tests.product import ROOT, Database
from tests.store.fcr_harness import MICROSECOND, Store, contact


@pytest.fixture
async def admin(database: Database) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(database.dsn("hva_migrate"))
    yield connection
    await connection.close()


async def test_wait_bounds_of_the_sql_function_are_those_of_the_domain(admin: Any) -> None:
    bounds = []
    for wait_class in range(len(WAIT_BOUNDS) + 1):
        counts = ", ".join(str(int(number == wait_class)) for number in range(len(WAIT_BOUNDS)))
        bounds.append(await admin.fetchval(f"select fcr.wait_bound(1, {counts})"))
    assert bounds == [*WAIT_BOUNDS, float("inf")]


async def test_repeat_windows_are_the_same_in_python_and_sql(admin: Any, fcr: Store) -> None:
    ends = [timedelta(days=days) + late for days in WINDOWS for late in (-MICROSECOND, timedelta(0), MICROSECOND)]
    expected = [next((days for days in WINDOWS if since <= timedelta(days=days)), None) for since in ends]
    assert [await admin.fetchval("select fcr.least_window($1)", since) for since in ends] == expected
    await fcr.feed(*(contact(channel, channel=channel) for channel in RESOLUTION_CHANNELS))
    await fcr.refresh_cells()
    for source in (
        "select window_days from figures.fcr_confirmed where period_kind <> 'day'",
        "select window_days from figures.fcr_client",
        "select (keys ->> 'window_days')::integer from fcr.evidence where view = 'fcr_confirmed'",
        "select (keys ->> 'window_days')::integer from fcr.evidence where view = 'fcr_client'",
    ):
        assert {row[0] for row in await fcr.fetch(source)} == set(WINDOWS), source


@pytest.mark.parametrize(
    ("view", "length"),
    [("fcr.contact_with_links", timedelta(days=WINDOWS[-1]) + MAX_CONTACT_LENGTH), ("fcr.evidence", MAX_EARLY_LENGTH)],
)
async def test_intervals_of_evidence_views_are_lengths_of_the_domain(admin: Any, view: str, length: timedelta) -> None:
    constant = await admin.fetchval("select quote_literal($1::text::interval)", f"{length // timedelta(seconds=1)} s")
    assert f"{constant}::interval" in await admin.fetchval("select pg_get_viewdef($1::regclass)", view)


async def test_evidence_classifies_answers_as_the_domain_does(admin: Any) -> None:
    """Evidence names the class of each answer to `recommend`."""
    await admin.execute(
        "insert into nps.response (county, id, rank, retracted, segment, counts, has_comment, answers) "
        "select 'oma-hame', n::text, '', false, 'other', true, false, jsonb_build_object($1::text, n) "
        "from generate_series(0, 10) n",
        RECOMMEND,
    )
    rows = await admin.fetch("select id, counted from nps.evidence where view = 'nps'")
    names = ("detractor", "passive", "promoter")
    found = {int(row["id"]): row["counted"].split()[0] for row in rows}
    assert found == {value: names[answer_class(RECOMMEND, value)] for value in range(11)}


@pytest.mark.parametrize(
    ("view", "codes"),
    [
        ("fcr.evidence", RESOLUTION_CHANNELS),
        ("fcr.evidence", FIRST_LINE_CHANNELS),
        ("fcr.evidence", (*FIRST_LINE_CHANNELS, DIGITAL_BOOKING)),
        ("figures.pei", COPING),
        ("figures.statement", (RECOMMEND, *COPING)),
        ("nps.evidence", COPING),
        ("nps.evidence", (RECOMMEND, *COPING)),
        ("figures.suuntima", get_args(Suuntima.model_fields["result"].annotation)),
    ],
)
async def test_views_list_the_codes_of_python(admin: Any, view: str, codes: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{code}'::text" for code in codes)
    assert f"ARRAY[{listed}]" in await admin.fetchval("select pg_get_viewdef($1::regclass)", view)


async def test_evidence_has_the_member_label_of_python(admin: Any) -> None:
    assert f"'{MEMBER}'::text" in await admin.fetchval("select pg_get_viewdef('segments.evidence'::regclass)")


def test_shares_and_views_without_unit_rows_are_the_same_in_the_view_of_key_results() -> None:
    text = (ROOT / "shared/postgres/migrations/report/views/20_key_result.sql").read_text(encoding="utf-8")
    (pattern,) = re.findall(r"metric ~ '(.*?)'", text)
    for view, columns in METRICS.items():
        for column in columns:
            assert bool(re.search(pattern, f"{view}.{column}")) is is_share(column), (view, column)
    (names,) = re.findall(r"on a\.view not in \((.*?)\)", text)
    county_only = {view for view, keys in CONSTANT_KEYS.items() if keys.get("scope_level") == "county"}
    without_all = {name for name, view in VIEWS.items() if set(view.few) & set(view.without_all)}
    assert set(re.findall(r"\w+", names)) == county_only | without_all
    assert {name for name, view in VIEWS.items() if view.few} - without_all == {"direct_feedback"}
