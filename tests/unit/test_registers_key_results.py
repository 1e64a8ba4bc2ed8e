"""Objectives and key results: what is accepted, and one sentence for each mistake."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.registers import RegisterError, Registers
from tests.unit.register_cases import copy_registers, write

COUNTY = "oma-hame"
ITEM: dict[str, Any] = {
    "id": "a",
    "objective": "o",
    "metric": "nps.score",
    "scope": {"county": COUNTY},
    "direction": "increase",
    "target": 1,
    "target_mode": "absolute",
    "valid_period": {"from": "2026-01-01", "to": "2027-01-01"},
}
QUESTION = {"metric": "statement.top1", "scope": {"county": COUNTY, "question": "useful"}}
MEMBERS = {"metric": "common_clients.stock", "scope": {"county": COUNTY, "kind": "plan"}}
WITHOUT = object()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_registers(tmp_path)


def load(folder: Path, *items: dict[str, Any], objectives: Any = ({"id": "o"},)) -> Registers:
    content = {"objectives": list(objectives), "key_results": list(items)}
    return write(folder, "key_results.yaml", yaml.safe_dump(content, allow_unicode=True))


def item(**changes: Any) -> dict[str, Any]:
    """A valid key result with changes; `WITHOUT` removes a value."""
    return {name: value for name, value in (ITEM | changes).items() if value is not WITHOUT}


def sentences(folder: Path, *items: dict[str, Any], objectives: Any = ({"id": "o"},)) -> list[str]:
    with pytest.raises(RegisterError) as error:
        load(folder, *items, objectives=objectives)
    return list(error.value.sentences)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"objective": WITHOUT},
        {"valid_period": {"from": "2026-01-01"}},
        {"scope": {"county": COUNTY, "scope_level": "unit", "scope": "ta-jokioinen"}},  # closed by 2026
        {"scope": {"county": COUNTY, "scope_level": "region", "scope": "-"}},  # a unit has no region
        {"metric": "fcr.gross", "scope": {"county": COUNTY, "scope_level": "line", "scope": "any"}},
        {"metric": "fcr_client.fcr_client", "scope": {"county": COUNTY, "window_days": 7}},
        QUESTION,
        {"metric": "direct_feedback.n", "scope": {"county": COUNTY}},
        MEMBERS | {"baseline": {"period": "2023-01"}},
        {"valid_period": {"from": "2025-12-02", "to": "2026-04-01"}},
        {"target_mode": "relative", "baseline": {"period": "2025-12"}},
        {"target_mode": "points", "baseline": {"value": 0}},
        {"direction": "maintain", "baseline": {"period": 2025}},
        {"baseline": {"period": "2026Q1"}},  # it begins with the valid period
        {"target": -0.5, "margin": 2},
    ],
)
def test_key_result_is_accepted(folder: Path, changes: dict[str, Any]) -> None:
    assert len(load(folder, item(**changes)).key_results) == 1


@pytest.mark.parametrize(
    ("changes", "place", "sentence"),
    [
        ({"more": 1}, "", "'more' is unknown; known are id, objective, name_fi"),
        ({"id": WITHOUT}, "", "id must be a text that is not empty"),
        ({"objective": "p"}, "", "objective 'p' is not in the list of objectives."),
        ({"objective": 7}, "", "objective must be a text"),
        ({"metric": WITHOUT}, "", "metric '' is not view.column with a view out of nps, statement"),
        ({"metric": "npss.score"}, "", "metric 'npss.score' is not view.column with a view out of nps"),
        ({"metric": "nps.mood"}, "", "metric column 'mood' is not in the view nps; it has promoters"),
        ({"metric": "fcr"}, "", "metric 'fcr' lacks a column; write fcr.handled or another one: it has handled, with_"),
        ({"metric": "nps.score_low"}, "", "'score_low' is no share, score, ratio or count of the view nps; it has"),
        ({"metric": "access.wait_p50"}, "", "'wait_p50' is no share, score, ratio or count"),
        ({"scope": WITHOUT}, ", scope", "county is missing."),
        ({"scope": {"county": "x"}}, ", scope", "county 'x' has no unit in units.csv."),
        (
            {"scope": {"county": COUNTY, "scope_level": "division", "scope": "x"}},
            ", scope",
            "scope 'x' is that of no unit: no row of units.csv has it as its division.",
        ),
        ({"scope": {"county": COUNTY, "scope_level": "unit"}}, ", scope", "scope is missing."),
        ({"scope": {"county": COUNTY, "scope_level": "team", "scope": "x"}}, ", scope", "must be one of county"),
        (
            {"scope": {"county": COUNTY, "scope_level": "line", "scope": "x"}},
            ", scope",
            "scope_level line has no rows in the view nps.",
        ),
        ({"scope": {"county": COUNTY, "channel": 5}}, ", scope", "channel must be a text"),
        ({"scope": {"county": COUNTY, "channel": "smoke"}}, ", scope", "channel must be one of all, sms, device, web"),
        (
            {"metric": "access.inbound", "scope": {"county": COUNTY, "channel": "sms"}},
            ", scope",
            "channel must be one of all, phone, chat in published rows of the view access.",
        ),
        (
            {"metric": "fcr.gross", "scope": {"county": COUNTY, "channel": "sms"}},
            ", scope",
            "channel must be one of all, phone, chat in published rows of the view fcr.",
        ),
        (
            {"metric": "hyte.count", "scope": {"county": COUNTY, "kind": "nosuch"}},
            ", scope",
            "kind must be one of tray_",
        ),
        ({"scope": {"county": COUNTY, "segment": "some"}}, ", scope", "segment must be one of all"),
        ({"scope": {"county": COUNTY, "question": "useful"}}, ", scope", "'question' is not a key of the view nps."),
        ({"scope": {"county": COUNTY, "mood": "x"}}, ", scope", "'mood' is unknown; known are county"),
        (QUESTION | {"scope": {"county": COUNTY}}, ", scope", "question is missing; the view statement has it"),
        (
            QUESTION | {"scope": {"county": COUNTY, "question": "all"}},
            ", scope",
            "question has no value 'all' in the view statement; name one.",
        ),
        (
            {"metric": "fcr_client.clients", "scope": {"county": COUNTY, "window_days": "7"}},
            ", scope",
            "window_days must be one of 1, 7, 30.",
        ),
        (
            {"metric": "digital.digital_share", "scope": {"county": COUNTY, "channel": "chat"}},
            ", scope",
            "channel is always 'all' in the view digital.",
        ),
        (
            {
                "metric": "common_clients.stock",
                "scope": {"county": COUNTY, "scope_level": "unit", "scope": "ta-loppi", "kind": "plan"},
            },
            ", scope",
            "scope_level is always 'county' in the view common_clients.",
        ),
        (
            {"scope": {"county": COUNTY, "channel": "sms", "segment": "other"}},
            ", scope",
            "no quarter with these keys is ever published",
        ),
        (
            {"scope": {"county": COUNTY, "scope_level": "unit", "scope": "ta-loppi", "channel": "sms"}},
            ", scope",
            "no quarter with these keys is ever published",
        ),
        ({"direction": "up"}, "", "direction must be one of increase, decrease, reach, maintain."),
        ({"target": WITHOUT}, "", "target must be a number."),
        ({"target": "1"}, "", "target must be a number."),
        ({"target": True}, "", "target must be a number."),
        ({"target": 1e13}, "", "target must be 0 or of a size from 1e-09 to 1e+12."),
        ({"baseline": {"value": 1e-300}}, ", baseline", "value must be 0 or of a size"),
        ({"target_mode": "percent"}, "", "target_mode must be one of absolute, relative, points."),
        ({"target_mode": "relative"}, "", "baseline is missing; a target_mode of relative needs it."),
        ({"target_mode": "points"}, "", "baseline is missing; a target_mode of points needs it."),
        ({"direction": "maintain"}, "", "baseline is missing; direction maintain compares with it."),
        ({"baseline": {"value": 1, "period": "2025"}}, ", baseline", "give either period or value."),
        ({"baseline": {"year": 2025}}, ", baseline", "'year' is unknown; known are period, value."),
        ({"baseline": {"value": "much"}}, ", baseline", "value must be a number."),
        *[
            ({"baseline": {"period": period}}, ", baseline", f"period '{period}' cannot exist")
            for period in ("2025Q5", "2025-13", "2025-00", "1999Q4", "1999", "2200", "2025-12-31", "25Q4", "2025q4")
        ],
        (
            {"baseline": {"period": "2026-02"}},
            ", baseline",
            "period '2026-02' begins after 2026-01-01, the first day of the valid_period.",
        ),
        ({"baseline": {"period": "2027"}}, ", baseline", "period '2027' begins after 2026-01-01"),
        (
            {
                "metric": "direct_feedback.share",
                "scope": {"county": COUNTY, "kind": "thanks"},
                "baseline": {"period": "2025-12"},
            },
            ", baseline",
            "no month with these keys is ever published",
        ),
        ({"margin": -1}, "", "margin must not be negative."),
        ({"margin": "x"}, "", "margin must be a number."),
        ({"valid_period": WITHOUT}, ", valid_period", "from is missing"),
        ({"valid_period": {"to": "2027-01-01"}}, ", valid_period", "from is missing"),
        ({"valid_period": {"from": "soon"}}, ", valid_period", "from must be a date"),
        ({"valid_period": {"from": "1999-12-31"}}, ", valid_period", "from 1999-12-31 is before the year 2000."),
        (
            {"valid_period": {"from": "2026-01-01", "to": "2026-01-01"}},
            ", valid_period",
            "from 2026-01-01 must be before to 2026-01-01.",
        ),
        *[
            (
                {"valid_period": {"from": start, "to": end}},
                ", valid_period",
                f"no whole quarter is from {start} until {end}; a key result has values of whole quarters.",
            )
            for start, end in (("2026-01-01", "2026-03-31"), ("2026-01-02", "2026-06-30"), ("9999-12-02", "9999-12-31"))
        ],
        ({"valid_period": {"from": "2026-01-01", "until": "2027-01-01"}}, ", valid_period", "'until' is unknown"),
        ({"name_fi": "x" * 201}, "", "name_fi must be a text of at most 200 characters."),
    ],
)
def test_mistake_gets_one_sentence(folder: Path, changes: dict[str, Any], place: str, sentence: str) -> None:
    (found,) = sentences(folder, item(**changes))
    assert found.startswith(f"key_results.yaml item 1{place}: ")
    assert sentence in found


@pytest.mark.parametrize(
    ("objectives", "sentence"),
    [
        ([{"id": "o"}, {"id": "o"}], "objective 2: id 'o' is already used; give every objective its own."),
        ([{"id": "o"}, {"id": "all"}], "objective 2: id is the reserved code 'all'."),
        ([{"id": "o", "owner": "x"}], "objective 1: 'owner' is unknown; known are id, name_fi"),
        ([{"id": "o"}, "p"], "objective 2: the objective must be a mapping."),
        ([{"id": "o", "description_fi": "x" * 2001}], "description_fi must be a text of at most 2000 characters."),
    ],
)
def test_wrong_objective_gets_one_sentence(folder: Path, objectives: list[Any], sentence: str) -> None:
    (found,) = sentences(folder, item(), objectives=objectives)
    assert sentence in found


def test_objectives_keep_their_order_and_need_no_key_results(folder: Path) -> None:
    objectives = [{"id": name, "name_fi": name.upper()} for name in ("z", "o", "b")]
    found = load(folder, item(), objectives=objectives).objectives
    assert [(each.id, each.name_fi, each.description_en) for each in found] == [
        ("z", "Z", ""),
        ("o", "O", ""),
        ("b", "B", ""),
    ]


def test_ids_are_unique_in_a_county(folder: Path) -> None:
    found = load(folder, item(), item(scope={"county": "pirha"})).key_results
    assert [result.scope["county"] for result in found] == [COUNTY, "pirha"]
    (sentence,) = sentences(folder, item(), item(target=2))
    assert sentence == "key_results.yaml item 2: id 'a' is already used; give every key result of a county its own."


def test_a_change_of_objectives_is_a_new_version(folder: Path) -> None:
    versions = {load(folder, item(), objectives=[{"id": "o", "name_fi": name}]).version for name in ("x", "y", "x")}
    assert len(versions) == 2
