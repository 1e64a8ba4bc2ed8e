"""Invalid registers are refused with a sentence for every problem."""

from pathlib import Path

import pytest

from shared.registers import RegisterError, load_folder
from tests.unit.register_cases import NAMES, OUTCOMES, UNITS, copy_registers, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_registers(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("units.csv", "county,unit\n", "units.csv line 1: the header lacks"),
        ("sectors.csv", "sector,kind,more\n", "has the unknown 'more'"),
        ("units.csv", UNITS + "a,u,,,,,,,,false,2023-13-01,\n", "units.csv line 2: valid_from '2023-13-01'"),
        ("units.csv", UNITS + "a,u,,,,,,,,yes,,\n", "sensitive 'yes' must be true or false"),
        ("units.csv", UNITS + "a,all,,,,,,,,false,,\n", "reserved code 'all'"),
        ("units.csv", UNITS + "a,u,,,,-,,,,false,,\n", "service_area is the reserved code '-'"),
        ("units.csv", UNITS + "a,,,,,,,,,false,,\n", "unit is empty"),
        ("units.csv", UNITS + "A,u,,,,,,,,false,,\n", "county 'A'"),
        ("units.csv", UNITS + "a,u\0,,,,,,,,false,,\n", "NUL"),
        ("units.csv", UNITS + f"a,{'u' * 201},,,,,,,,false,,\n", "unit is longer than 200"),
        ("units.csv", UNITS + "a,u,,,,,,,,false\n", "there are 10 fields instead of 12"),
        ("units.csv", UNITS + "a,u,,,,,,,,false,2024-01-01,2024-01-01\n", "must be before valid_to"),
        (
            "units.csv",
            UNITS + "a,u,,,,,,,,false,2024-01-01,\na,u,,,,x,,,,false,,2024-01-02\n",
            "units.csv line 2: unit 'u' of a overlaps units.csv line 3",
        ),
        ("sectors.csv", "sector,kind\ns,sport\n", "sectors.csv line 2: kind 'sport' is unknown"),
        ("sectors.csv", "sector,kind\ns,health\ns,social\n", "is already on sectors.csv line 2"),
        ("sources.csv", "source,streams,contact\nurn:x,feedback,\n", "must look like urn:hva"),
        ("sources.csv", "source,streams,contact\nurn:hva:a:b,mail,\n", "stream 'mail' is unknown"),
        (
            "outcomes.csv",
            OUTCOMES + "o,,true,false,false\n",
            "outcomes.csv line 2: a resolved outcome must be first_line_resolvable",
        ),
        (
            "outcomes.csv",
            OUTCOMES + "o,,true,true,false\no,,true,true,true\n",
            "is already on outcomes.csv line 2",
        ),
        (
            "promises.csv",
            "county,line,channel,kind,amount,valid_from\na,l,phone,minutes,,\n",
            "amount is missing",
        ),
        (
            "promises.csv",
            "county,line,channel,kind,amount,valid_from\na,l,phone,minutes,-1,\n",
            "amount '-1'",
        ),
        ("promises.csv", "county,line,channel,kind,amount,valid_from\na,l,phone,soon,1,\n", "kind 'soon'"),
        ("promises.csv", "county,line,channel,kind,amount,valid_from\na,l,fax,same_day,,\n", "channel 'fax'"),
        (
            "promises.csv",
            "county,line,channel,kind,amount,valid_from\na,l,sms,same_day,,\na,l,sms,minutes,3,\n",
            "promises.csv line 3: a promise of a, 'l', 'sms' without valid_from is already on",
        ),
        ("themes.csv", "theme,stem\nt,\n", "stem is empty"),
        ("names.csv", NAMES + "colour,a,A,,\n", "names.csv line 2: key 'colour' is unknown"),
        ("names.csv", NAMES + "line,a,,,\n", "names.csv line 2: there is no name"),
        ("names.csv", NAMES + "line,a,A,,\nline,a,B,,\n", "the name of line 'a' is already on names.csv line 2"),
        ("segment_rule.yaml", "enabled: [E5]\n", "enabled must be a list out of E1"),
        ("segment_rule.yaml", "# being written\n", "segment_rule.yaml: the file has no content"),
        ("segment_rule.yaml", "a: [\n", "segment_rule.yaml line 2: this is not YAML"),
        ("segment_rule.yaml", "version: a\nversion: b\n", "version is a duplicate key"),
        ("key_results.yaml", "key_results: [{id: a, metric: nps.mood}]\n", "'mood' is not in the view nps"),
        ("key_results.yaml", "key_results: [{id: all}]\n", "id is the reserved code 'all'"),
    ],
)
def test_invalid_register_is_refused_with_its_reason(folder: Path, name: str, text: str, sentence: str) -> None:
    with pytest.raises(RegisterError) as error:
        write(folder, name, text)
    assert sentence in str(error.value)


PROMISES = "county,line,channel,kind,amount,valid_from\n"


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("promises.csv", PROMISES + "a,l,phone,same_day,,\na,l,fax,same_day,,\n", "line 3: channel 'fax' is unknown"),
        ("promises.csv", PROMISES + "a,l,sms,same_day,,\na,l,sms,same_day,,soon\n", "line 3: valid_from 'soon'"),
        ("promises.csv", PROMISES + "a,l,sms,soon,,\n", "line 2: kind 'soon' is unknown"),
        ("sectors.csv", "sector,kind\ns,sport\nt,health\n", "line 2: kind 'sport' is unknown"),
    ],
)
def test_invalid_value_is_reported_once(folder: Path, name: str, text: str, sentence: str) -> None:
    """No known value replaces an unknown one. Otherwise the row would also be reported as duplicate or incomplete."""
    with pytest.raises(RegisterError) as error:
        write(folder, name, text)
    (line,) = str(error.value).splitlines()
    assert sentence in line


def test_duplicate_row_and_its_invalid_value_are_both_reported(folder: Path) -> None:
    with pytest.raises(RegisterError) as error:
        write(folder, "promises.csv", PROMISES + "a,l,sms,same_day,,\na,l,sms,soon,,\n")
    lines = str(error.value).splitlines()
    assert [("kind 'soon'" in line, "is already on" in line) for line in lines] == [(False, True), (True, False)]


UNIT = "a,u,F,S,E,sa,ra,d,r,false,2024-01-01,"
RESULT = (
    "id: a, name_fi: x, name_sv: x, name_en: x, owner: x, metric: nps.score, scope: {county: oma-hame},"
    " direction: increase, target: 1, target_mode: absolute, valid_period: {from: 2026-01-01}"
)


@pytest.mark.parametrize(
    ("name", "header", "text", "place"),
    [
        *[
            ("units.csv", UNITS, UNIT.replace(x, f"{x}<>", 1), "units.csv line 2")
            for x in ("u,", "F", "S", "E", "sa", "ra", "d,", "r,", "false")
        ],
        ("units.csv", UNITS, "<>" + UNIT, "units.csv line 2"),
        ("sectors.csv", "sector,kind\n", "s<>,health", "sectors.csv line 2"),
        ("sources.csv", "source,streams,contact\n", "urn:hva:a:b<>,care,", "sources.csv line 2"),
        ("outcomes.csv", OUTCOMES, "o<>,,true,true,false", "outcomes.csv line 2"),
        ("outcomes.csv", OUTCOMES, "o,<>2,true,true,false", "outcomes.csv line 2"),
        ("promises.csv", PROMISES, "a,l<>,phone,same_day,,", "promises.csv line 2"),
        ("promises.csv", PROMISES, "a<>,l,phone,same_day,,", "promises.csv line 2"),
        ("themes.csv", "theme,stem\n", "t<>,jono", "themes.csv line 2"),
        ("themes.csv", "theme,stem\n", "t,jono<>", "themes.csv line 2"),
        ("segment_rule.yaml", "", 'version: "1<>"', "segment_rule.yaml"),
        ("segment_rule.yaml", "", 'parameters: {E6: {scheme: "<>oma"}}', "segment_rule.yaml, parameters, E6"),
        *[
            ("key_results.yaml", "", f"key_results: [{{{RESULT.replace(x, y, 1)}}}]", f"key_results.yaml item 1{z}")
            for x, y, z in [
                ("id: a", 'id: "a<>"', ""),
                ("name_sv: x", 'name_sv: "<>x"', ""),
                ("owner: x", 'owner: "x<>"', ""),
                ("nps.score", '"nps.score<>"', ""),
                ("oma-hame", '"oma-hame<>"', ", scope"),
            ]
        ],
    ],
)  # fmt: skip
def test_white_space_at_an_end_is_reported_once(folder: Path, name: str, header: str, text: str, place: str) -> None:
    """`<>` marks where the test inserts a space."""
    with pytest.raises(RegisterError) as error:
        write(folder, name, header + text.replace("<>", " ") + "\n")
    (sentence,) = str(error.value).splitlines()
    assert sentence.startswith(f"{place}: ")
    assert sentence.endswith("has white space at an end; remove it.")


@pytest.mark.parametrize("white", ["\t", "\u00a0", "\u3000", "\x85"])
def test_white_space_is_defined_by_unicode(folder: Path, white: str) -> None:
    with pytest.raises(RegisterError) as error:
        write(folder, "sectors.csv", f"sector,kind\ns{white},health\n")
    assert str(error.value) == f"sectors.csv line 2: sector {'s' + white!r} has white space at an end; remove it."


def test_white_space_inside_a_name_is_allowed(folder: Path) -> None:
    assert write(folder, "sectors.csv", "sector,kind\na b,health\n").sectors == {"a b": "health"}


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize(
    ("name", "text"), [("sectors.csv", "sector,kind\na,health\n"), ("segment_rule.yaml", "version: ä\n")]
)
def test_wrong_encoding_is_reported(folder: Path, name: str, text: str, codec: str) -> None:
    (folder / name).write_bytes(text.encode(codec))
    with pytest.raises(RegisterError) as error:
        load_folder(folder)
    assert str(error.value) == f"{name}: the file is {codec[:6].upper()}; save it as UTF-8."


def test_invalid_ids_are_not_reported_as_duplicates(folder: Path) -> None:
    with pytest.raises(RegisterError) as error:
        write(folder, "key_results.yaml", "key_results: [{id: all}, {id: '-'}]\n")
    assert "already" not in str(error.value)


def test_all_problems_are_reported_at_once(folder: Path) -> None:
    (folder / "themes.csv").unlink()
    (folder / "sectors.csv").write_bytes(b"sector,kind\n\xff,health\n")
    with pytest.raises(RegisterError) as error:
        write(folder, "units.csv", UNITS + "a,all,,,,,,,,maybe,x,\n")
    lines = str(error.value).splitlines()
    assert len(lines) == 5
    assert [line.split(" ")[0].rstrip(":") for line in lines] == ["units.csv"] * 3 + [
        "sectors.csv",
        "themes.csv",
    ]


def test_missing_folder_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(RegisterError, match="HVA_CONFIG_DIR"):
        load_folder(tmp_path / "missing")
