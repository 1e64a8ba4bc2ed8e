"""Closing a period, and what the NPS family says of it afterwards."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from deploy.hva.closing import counties_to_close, outdated_families, period_to_close
from deploy.hva.context import VerbError
from deploy.hva.restated_facts import restated_facts
from shared.publication.metrics import PublicationMetrics
from tests.product import Database
from tests.store import fcr_harness
from tests.store.closing import COUNTY, Closing, additive, steward_of
from tests.store.test_nps_store import START, Store, answered, invited, nps, pool, registers, retracted

__all__ = ["nps", "pool", "registers"]

CELL = {"scope_level": "county", "scope": COUNTY, "channel": "all", "segment": "all", "county": COUNTY}


@pytest.fixture
async def closing(database: Database) -> AsyncIterator[Closing]:
    steward = await steward_of(database)
    yield Closing(database, ["nps"], steward)
    await steward.close()


async def fill(nps: Store) -> None:
    for day in range(4):
        at = START + timedelta(days=day)
        await nps.feed(
            *(answered(f"r{day}-{n}", at=at, unit="keskus" if n % 2 else "hml-ta", score=n % 11) for n in range(40)),
            *(invited(f"i{day}-{n}", at=at) for n in range(12)),
        )


async def test_late_event_is_a_restatement_with_its_cause(nps: Store, closing: Closing) -> None:
    await fill(nps)
    edition = await closing.close("2026-03", "board of directors")
    assert (edition.edition, edition.rows > 0) == (1, True)
    before = await closing.cells("2026-03")
    assert await closing.restatements("2026-03") == {}
    await nps.feed(answered("late", score=10))
    await closing.publish(COUNTY, 2026)
    found = await closing.restatements("2026-03")
    row = found["nps", "county", COUNTY, "n"]
    assert (row["old_value"], row["new_value"], row["causes"], row["edition"]) == (160, 161, ["late"], 1)
    assert (row["old_suppressed"], row["new_suppressed"], row["first_seen"]) == (False, False, closing.now)
    assert not {scope for _, level, scope, _ in found if level == "unit"} & {"hml-ta"}
    assert await closing.assert_explained(before, await closing.cells("2026-03"), additive("nps")) > 0
    (fact,) = await restated_facts(closing.steward, "nps", {**CELL, "period": "2026-03"})
    assert (fact.kind, fact.id, fact.cause, fact.event_source) == (
        "response",
        "late",
        "late",
        "urn:hva:oma-hame:palaute",
    )
    assert (fact.before, fact.after) == ({"n": 0, "promoters": 0}, {"n": 1, "promoters": 1})


async def test_gauge_counts_the_restated_values_of_a_family(nps: Store, closing: Closing, pool: Any) -> None:
    await fill(nps)
    registry = CollectorRegistry()
    metrics = PublicationMetrics("nps", registry)

    async def restated() -> float | None:
        await metrics.refresh(pool)
        return registry.get_sample_value("hva_restated_values", {"service": "nps", "county": COUNTY})

    await closing.close("2026-03")
    assert await restated() == 0
    closing.now += timedelta(hours=1)
    await nps.feed(answered("late", score=10))
    await closing.publish(COUNTY, 2026)
    rows = await closing.steward.fetch("select view from report.restatement where view <> 'key_result'")
    assert await restated() == len(rows) > 0
    await closing.close("2026-03")  # of these values there is a newer edition
    assert await restated() == 0


async def test_restatement_keeps_when_it_was_first_seen_and_vanishes_with_its_difference(
    nps: Store, closing: Closing
) -> None:
    await fill(nps)
    await closing.close("2026-03")
    await nps.feed(answered("late", score=10))
    await closing.publish(COUNTY, 2026)
    first = closing.now
    closing.now += timedelta(hours=1)
    await nps.feed(answered("late", 2, score=1))
    await closing.publish(COUNTY, 2026)
    found = await closing.restatements("2026-03")
    assert found["nps", "county", COUNTY, "n"]["first_seen"] == first
    assert found["nps", "county", COUNTY, "detractors"]["first_seen"] == closing.now
    assert found["nps", "county", COUNTY, "detractors"]["causes"] == ["corrected", "late"]
    assert ("nps", "county", COUNTY, "promoters") not in found
    await nps.feed(retracted(3, response_id="late"))
    await closing.publish(COUNTY, 2026)
    assert await closing.restatements("2026-03") == {}


async def test_open_periods_are_not_logged(nps: Store, closing: Closing) -> None:
    await fill(nps)
    await closing.close("2026-03")
    outside = (answered(f"r{days}", at=START + timedelta(days=days)) for days in (40, -3))
    await nps.feed(*outside)
    await closing.publish(COUNTY, 2026)
    assert await nps.fetch("select count(*) from nps.restated_fact") == [(0,)]
    await nps.feed(answered("r40", 2, at=START + timedelta(days=1)))  # moved into the closed month
    assert await nps.fetch("select id, cause from nps.restated_fact") == [("r40", "corrected")]


async def test_next_edition_stands_beside_the_first(nps: Store, closing: Closing) -> None:
    await fill(nps)
    await closing.close("2026Q1")
    query = "select * from report.edition_row where edition = 1 order by view, keys"
    first = await closing.steward.fetch(query)
    await nps.feed(answered("late", score=10))
    second = await closing.close("2026Q1")
    assert second.edition == 2 and await closing.steward.fetch(query) == first
    assert await closing.restatements("2026Q1") == {}
    (county,) = await closing.steward.fetch(
        "select values ->> 'n' as n, values ->> 'state' as state, edition from report.edition_row where edition = 2 "
        "and view = 'nps' and keys ->> 'scope_level' = 'county' and keys ->> 'channel' = 'all' "
        "and keys ->> 'segment' = 'all'"
    )
    assert (county["n"], county["state"]) == ("161", "final")
    await nps.feed(answered("later", score=10))
    await closing.publish(COUNTY, 2026)
    found = await closing.restatements("2026Q1")
    row = found["nps", "county", COUNTY, "n"]
    assert (row["old_value"], row["edition"]) == (161, 2)
    (fact,) = await restated_facts(closing.steward, "nps", {**CELL, "period": "2026Q1"})
    assert fact.id == "later"


async def test_closing_does_not_repeat_a_publication_that_has_the_same_rows(
    nps: Store, closing: Closing, monkeypatch: Any
) -> None:
    await fill(nps)
    await closing.close("2026-03")
    published: list[tuple[str, ...]] = []

    async def note(county: str, year: int, families: Sequence[str]) -> None:
        published.append(tuple(families))

    monkeypatch.setattr(closing, "families", ("nps", "fcr", "segments"))
    await closing.publish(COUNTY, 2026)
    with monkeypatch.context() as patched:
        patched.setattr(closing, "publish", note)
        assert (await closing.close("2026-03")).edition == 2
        assert published == []
        await nps.feed(answered("late", score=10))
        await closing.close("2026-03")
        closing.now += timedelta(days=1)
        await closing.close("2026-03")
    assert published == [("nps",), ("nps", "segments")]  # there are no contacts


async def test_promise_that_fell_due_since_is_published_first(nps: Store, closing: Closing, database: Database) -> None:
    await fill(nps)
    whole = Closing(database, ["nps", "fcr", "segments"], closing.steward)
    await whole.publish(COUNTY, 2026)
    later = whole.now + timedelta(hours=1)
    assert await outdated_families(closing.steward, COUNTY, 2026, later) == []
    async with fcr_harness.open_store(database) as fcr:
        promised_by = whole.now + timedelta(minutes=30)
        await fcr.feed(fcr_harness.contact("c", answered_at=None, ended_at=None, promised_by=promised_by))
    await whole.publish(COUNTY, 2026)
    assert await outdated_families(closing.steward, COUNTY, 2026, whole.now) == []
    assert await outdated_families(closing.steward, COUNTY, 2026, later) == ["fcr"]


async def test_provisional_rows_stay_marked(nps: Store, closing: Closing) -> None:
    await fill(nps)
    closing.now = datetime(2026, 4, 2, 9, tzinfo=UTC)
    await closing.close("2026-03")
    states = await closing.steward.fetch(
        "select distinct view, values ->> 'state' as state from report.edition_row "
        "where view in ('nps', 'response_rate')"
    )
    assert {tuple(row) for row in states} == {("nps", "final"), ("response_rate", "provisional")}


@pytest.mark.parametrize(
    "statement",
    [
        "update report.edition set note = 'other'",
        "delete from report.edition_row",
        "truncate report.edition_row",
        "delete from report.edition",
        "insert into report.edition_row (county, period, edition, view, keys, values, suppressed) "
        "values ('oma-hame', '2026-03', 1, 'nps', '{}', '{}', false)",
    ],
)
@pytest.mark.parametrize("role", ["hva_steward", "hva_nps", "hva_migrate"])
async def test_editions_are_never_changed(
    nps: Store, closing: Closing, database: Database, role: str, statement: str
) -> None:
    await nps.feed(*(answered(f"r{n}") for n in range(20)))
    await closing.close("2026-03")
    connection = await asyncpg.connect(database.dsn(role))
    try:
        with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_period_that_cannot_be_closed(nps: Store, closing: Closing) -> None:
    now = datetime(2026, 3, 31, 20, 59, tzinfo=UTC)  # 23:59 in Helsinki
    with pytest.raises(VerbError, match="2026-03 has not ended: it can be closed from 2026-04-01 on"):
        period_to_close("2026-03", now)
    assert period_to_close("2026-03", now + timedelta(minutes=1)).kind == "month"
    with pytest.raises(VerbError, match="is a day"):
        period_to_close("2026-03-01", now)
    with pytest.raises(VerbError, match="The registers have no county nowhere: they have oma-hame"):
        await counties_to_close(closing.steward, "nowhere")


async def test_failed_publication_stores_no_edition(nps: Store, closing: Closing, monkeypatch: Any) -> None:
    async def fail(*_: object) -> None:
        raise VerbError("Not published: nps (ValueError).")

    await fill(nps)
    with monkeypatch.context() as patched, pytest.raises(VerbError, match="Not published"):
        patched.setattr(closing, "publish", fail)
        await closing.close("2026-03")
    assert await closing.steward.fetchval("select count(*) from report.edition") == 0
    assert await closing.steward.fetchval("select count(*) from nps.closed_period") == 0
    with pytest.raises(VerbError, match="Nothing is published of oma-hame in 2025-03"):
        await closing.close("2025-03")
