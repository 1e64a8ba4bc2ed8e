"""The benchmark measures every family, with aims and a naive implementation for comparison."""

from datetime import date

import pytest

from deploy.embedded.services import SERVICES
from services.segments.decode import decode
from services.segments.facts import Flag
from shared.record import PlainRecord
from shared.registers import load_folder
from tests.bench import reading_care, reading_contacts
from tests.bench.activation import Activation
from tests.bench.aims import _AIMS, _SLOWEST, aims
from tests.bench.command import _PARTS_OF_FAMILIES, _READINGS, PARTS
from tests.bench.family import FAMILIES, FCR, NPS, SEGMENTS, Family
from tests.bench.following import flag
from tests.bench.freshness import freshness_of
from tests.bench.labels import CLIENT_OF, Relabelled
from tests.bench.peers.naive import STORES
from tests.bench.reading import LEVEL, LEVELS, Reading, Timed
from tests.bench.rebuilt import rebuild, tables
from tests.bench.report import markdown
from tests.bench.results import FamilyResults, Results
from tests.bench.workload import registers_folder
from tests.oracle.compare import FCR_KEYS, SEGMENT_KEYS


def test_every_family_is_in_every_table() -> None:
    families = set(SERVICES[1:])
    assert set(FAMILIES) == set(_PARTS_OF_FAMILIES) == set(_AIMS) == set(STORES) == families


def test_every_part_can_be_selected() -> None:
    assert set().union(*_PARTS_OF_FAMILIES.values()) == set(PARTS) - {"ingest", "publication"}
    assert all("labels" in parts for parts in _PARTS_OF_FAMILIES.values())


def test_every_family_with_the_reading_part_has_a_reading_and_an_aim() -> None:
    read = {name for name, parts in _PARTS_OF_FAMILIES.items() if "reading" in parts}
    assert read == set(_READINGS) == {name for name, known in _AIMS.items() if _SLOWEST in known}


def test_every_view_is_read() -> None:
    assert set(reading_contacts.VIEWS) == set(FCR_KEYS)
    assert set(reading_care.VIEWS) == set(SEGMENT_KEYS)


@pytest.mark.parametrize("family", [FCR, SEGMENTS], ids=lambda family: family.name)
def test_every_bucket_table_is_rebuilt(family: Family) -> None:
    statements = " ".join(rebuild(family))
    for measure, table in tables(family):
        assert f"temp table {table} as" in statements and f"from {measure.name}_base" in statements
        assert f"temp table {measure.name}_base as" in statements


def test_every_fact_table_with_a_segment_is_relabelled() -> None:
    for family in (NPS, FCR):
        labelled = {table.name: table.columns for table in family.tables if "segment" in table.derived}
        assert set(CLIENT_OF[family.name]) == set(labelled)
        assert all(client in labelled[table] for table, client in CLIENT_OF[family.name].items())


def test_flag_record_is_a_flag_of_that_client_without_an_end() -> None:
    client = "bench.aaaaaaaaaaaaaaaaaaaaaa"
    record = flag("oma-hame", client, "f-1")
    fact = decode(PlainRecord(record.topic, 0, 0, 0, record.key, record.value), load_folder(registers_folder()))
    assert isinstance(fact, Flag) and fact.own_client == client and fact.valid_to is None
    assert fact.valid_from is not None and fact.valid_from < date(2020, 1, 1)


@pytest.mark.parametrize(("family", "aim"), [("fcr", 200), ("segments", 300)])
def test_slowest_view_decides_the_aim(family: str, aim: float) -> None:
    for median_ms, is_met in ((aim, True), (aim + 1, False)):
        levels = {LEVEL: Timed(1, 2, 1), LEVELS: Timed(median_ms, median_ms, 9)}
        results = Results({}, {family: FamilyResults(reading=Reading("facts", 10, 1.0, {"a": levels, "b": levels}))})
        (found,) = aims(results)
        assert (found.aim, found.met) == (f"<= {aim} ms", is_met)


def test_report_contains_labels_and_views() -> None:
    levels = {LEVEL: Timed(11, 12, 1), LEVELS: Timed(21, 22, 9)}
    family = FamilyResults(
        relabelled=Relabelled(100_000, 60_000, 8.0),
        following=freshness_of([0.3, 0.1, 0.2]),
        activation=Activation(20_000, 1_000_000, 0.25, 30.04),
        reading=Reading("service events", 10_000_000, 1.0, {"suuntima": levels}),
    )
    page = markdown(Results({}, {"segments": family}))
    assert "100,000 facts of 60,000 clients in 8.0 s, 12,500 facts/s." in page
    assert "3 changes, 2 a second beside 20 other events a second: p50 200 ms, p99 300 ms, slowest 300 ms." in page
    assert "20,000 clients with 1,000,000 service events: prepared in steps of 250 ms at most" in page
    assert "activated in 30.0 s." in page
    assert "of 10.0 M service events" in page and "| suuntima | 11, slowest 12 (1) | 21, slowest 22 (9) |" in page
    assert "Cells counted anew" not in page
