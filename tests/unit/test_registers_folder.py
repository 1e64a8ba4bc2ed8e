"""Registers read from a folder: what changes a version, which row is valid on a day, defaults."""

from datetime import date
from pathlib import Path

import pytest

from shared.registers import load_folder
from shared.registers.model import CodeName
from tests.unit.register_cases import DEFAULT, NAMES, OUTCOMES, UNITS, copy_registers, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_registers(tmp_path)


LEVELS = ("division", "result_area", "service_area", "region")


def test_default_registers_are_valid() -> None:
    registers = load_folder(DEFAULT)
    assert set(registers.known_units) == {"oma-hame", "pirha"}
    assert registers.sources is None
    assert registers.segment_rule.enabled == ("E1", "E2", "E3", "E4", "E6")
    assert any(row.sensitive for row in registers.units)
    assert len({row.key for row in (*registers.units, *registers.gap_rows)}) == len(registers.units) + len(
        registers.gap_rows
    )


def test_bom_line_ends_blank_lines_and_order_do_not_change_the_version(folder: Path) -> None:
    version = write(folder, "sectors.csv", "sector,kind\na,health\nb,social\n").version
    assert write(folder, "sectors.csv", "\ufeffkind,sector\r\nsocial,b\r\n\r\nhealth,a\r\n").version == version
    assert write(folder, "sectors.csv", "sector,kind\ra,health\rb,social\r").version == version
    (folder / "segment_rule.yaml").write_bytes(b"\xef\xbb\xbf" + (folder / "segment_rule.yaml").read_bytes())
    assert load_folder(folder).version == version
    changed = write(folder, "sectors.csv", "sector,kind\na,health\nb,health\n")
    assert changed.version != version
    assert changed.version_of("units") == load_folder(DEFAULT).version_of("units")


def test_sources_are_read_with_their_streams(folder: Path) -> None:
    registers = write(folder, "sources.csv", "source,streams,contact\nurn:hva:a:b,feedback|care,x\n")
    assert registers.sources == {"urn:hva:a:b": frozenset({"feedback", "care"})}


def test_unit_row_is_the_one_valid_on_the_day_or_the_gap_row(folder: Path) -> None:
    rows = "a,u,F,,,sa,,,,false,2024-01-01,2024-02-01\na,u,G,,,sb,,,,true,2024-03-01,\na,v,,,,,,,,false,,\n"
    registers = write(folder, "units.csv", UNITS + rows)
    days = {
        date(2023, 12, 31): "",
        date(2024, 1, 1): "sa",
        date(2024, 1, 31): "sa",
        date(2024, 2, 1): "",
        date(2024, 3, 1): "sb",
        date.max: "sb",
    }
    assert {day: registers.unit_row("a", "u", day).service_area for day in days} == days
    gap = registers.unit_row("a", "u", date.min)
    assert gap.gap and gap.sensitive and gap.name_fi == "G"
    assert dict(gap.scopes) == {
        "county": "a", "division": "-", "result_area": "-", "service_area": "-", "region": "-", "unit": "u"
    }  # fmt: skip
    assert not registers.unit_row("a", "v", date.min).gap
    assert registers.unit_row("a", "never", date.min).gap


def test_names_change_the_version_but_not_the_key(folder: Path) -> None:
    before = write(folder, "units.csv", UNITS + "a,u,F,,,sa,,,,false,,\n")
    after = write(folder, "units.csv", UNITS + "a,u,G,,,sa,,,,false,,\n")
    assert before.units[0].key == after.units[0].key
    assert 0 <= before.units[0].key < 2**63
    assert before.version_of("units") != after.version_of("units")
    assert before.version_of("unit_rows") == after.version_of("unit_rows")


def test_names_of_codes_are_optional_and_in_order(folder: Path) -> None:
    (folder / "names.csv").unlink()
    assert load_folder(folder).names == ()
    registers = write(folder, "names.csv", NAMES + "sector,b,B,,\nline,z,Z fi,Z sv,Z en\n")
    assert registers.names == (CodeName("line", "z", "Z fi", "Z sv", "Z en"), CodeName("sector", "b", "B", "", ""))


def test_names_of_the_default_register_are_complete() -> None:
    """Every code of its open lists has a name in every language, and every name has a code."""
    registers = load_folder(DEFAULT)
    shown = {("county", row.county) for row in registers.units}
    shown |= {(level, getattr(row, level)) for row in registers.units for level in LEVELS if getattr(row, level)}
    shown |= {("line", promise.line) for promise in registers.promises if promise.line != "feedback"}
    shown |= {("sector", sector) for sector in registers.sectors}
    named = {(name.key, name.code) for name in registers.names}
    assert named - {("question", "ymparisto_viihtyisa")} == shown
    assert all(name.name_fi and name.name_sv and name.name_en for name in registers.names)


def test_outcome_falls_back_to_the_empty_classification(folder: Path) -> None:
    text = OUTCOMES + "o,,false,true,false\no,2,true,true,false\n"
    registers = write(folder, "outcomes.csv", text)
    resolved = {c: found.resolved for c in ("2", "3", None) if (found := registers.outcome("o", c))}
    assert resolved == {"2": True, "3": False, None: False}
    assert registers.outcome("p", "2") is None


def test_key_result_scope_is_filled_in(folder: Path) -> None:
    text = (
        "key_results: [{id: a, metric: fcr.gross, scope: {county: pirha}, direction: increase, target: 10, "
        "target_mode: relative, baseline: {value: 36}, valid_period: {from: 2026-01-01}}]"
    )
    (result,) = write(folder, "key_results.yaml", text).key_results
    assert result.scope == {
        "county": "pirha", "scope_level": "county", "scope": "pirha", "channel": "all", "segment": "all"
    }  # fmt: skip
    assert (result.baseline, result.valid_from, result.valid_to) == (36.0, date(2026, 1, 1), None)
    assert result.spec["metric"] == "fcr.gross"
