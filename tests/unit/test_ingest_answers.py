"""Answers and themes: the valid values of every question, and invalid ones."""

import pytest

from tests.unit.ingest_cases import ANSWERED, GIVEN, canonical_data, event, reason


def answered(question, value):
    return event(ANSWERED, answers=[{"question": question, "value": value}])


RANGES = {
    range(11): ["recommend"],
    range(1, 6): ["useful", "easy_contact", "cooperation", "oma", "thl_other", "pei_other", "Recommend", "recommend "],
    range(6): ["thl_help", "thl_cared", "thl_decide", "thl_safe", "thl_next", "thl_clear", "thl_useful"],
}


@pytest.mark.parametrize(("values", "question"), [(v, q) for v, questions in RANGES.items() for q in questions])
def test_numeric_answers_must_be_within_the_range_of_the_question(values, question):
    for value in range(-1, 13):
        assert (reason(answered(question, value)) is None) == (value in values)
        assert (reason(answered(question, float(value))) is None) == (value in values)
    assert canonical_data(answered(question, 5.0))["answers"] == [{"question": question, "value": 5}]
    assert type(canonical_data(answered(question, 5.0))["answers"][0]["value"]) is int
    for value in (4.5, "5", True, None, [5], "better", 10**30, {}):
        assert reason(answered(question, value)) == "schema"


@pytest.mark.parametrize("question", ["pei_cope_illness", "pei_cope_situation"])
def test_answers_in_words_must_be_known_words(question):
    for value in ["much_better", "better", "same_or_less", "dont_know"]:
        assert canonical_data(answered(question, value))["answers"][0]["value"] == value
    for value in ("worse", "", 1, 0, True, None):
        assert reason(answered(question, value)) == "schema"


@pytest.mark.parametrize(
    "answers",
    [
        {},
        "x",
        7,
        [7],
        ["useful"],
        [None],
        [[]],
        [{}],
        [{"question": "useful"}],
        [{"value": 5}],
        [{"question": None, "value": 5}],
        [{"question": "all", "value": 5}],
        [{"question": "-", "value": 5}],
        [{"question": "", "value": 5}],
        [{"question": "a\0", "value": 5}],
        [{"question": 7, "value": 5}],
        [{"question": "useful", "value": 5}, {"question": "useful", "value": 5}],
        [{"question": "useful", "value": 5}, {"question": "oma", "value": 1}, {"question": "useful", "value": 4.0}],
    ],
)
def test_invalid_answers_are_rejected(answers):
    assert reason(event(ANSWERED, answers=answers)) == "schema"


def test_answers_may_be_empty_or_many():
    assert canonical_data(event(ANSWERED, answers=[]))["answers"] == []
    many = [{"question": f"q{n}", "value": 1 + n % 5} for n in range(500)]
    assert canonical_data(event(ANSWERED, answers=many))["answers"] == many


@pytest.mark.parametrize("themes", ["kohtaaminen", [1], [None], ["all"], ["-"], [""], ["x" * 201], ["a\0"], {}, 7])
def test_invalid_themes_are_rejected(themes):
    assert reason(event(GIVEN, themes=themes)) == "schema"
