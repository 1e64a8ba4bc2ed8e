"""The oracle's formulas against known answers, and its comparison on rows that differ."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.oracle import differences
from tests.oracle.facts import Facts
from tests.oracle.nps import last_day, nps_mix, periods, state
from tests.oracle.registers import Registers, local_date
from tests.oracle.rows import nps_row, pei_row, statement_row, wilson
from tests.oracle.verdict import Accepted


@pytest.mark.parametrize(
    ("p", "n", "d", "score", "low", "high"),
    [
        (47, 35, 18, 29.0, 13.62, 42.69),
        (7, 2, 1, 60.0, 7.04, 85.27),
        (5, 0, 0, 100.0, 17.49, 100.0),
        (0, 0, 5, -100.0, -100.0, -17.49),
    ],
)
def test_nps_and_its_interval(p, n, d, score, low, high):
    row = nps_row(Counter(promoters=p, passives=n, detractors=d))
    assert (row["score"], row["n"]) == (score, p + n + d)
    assert (round(row["score_low"], 2), round(row["score_high"], 2)) == (low, high)


def test_wilson_interval_and_top_boxes():
    assert [round(100 * bound, 2) for bound in wilson(784, 1000)] == [75.74, 80.84]
    row = statement_row(Counter(c5=784, c4=116, c3=100, c0=7))
    assert (row["top1"], row["top2"], row["n"], row["not_applicable"]) == (0.784, 0.9, 1000, 7)
    assert statement_row(Counter(c0=1))["top1_low"] is None


def test_pei_enabled_share_excludes_dont_know():
    row = pei_row(Counter(much_better=1, better=2, same_or_less=1, dont_know=4))
    assert (row["n"], row["enabled_share"], row["dont_know_share"]) == (4, 0.75, 0.5)


def test_quarter_changes_at_local_midnight():
    late = datetime(2026, 3, 31, 20, 59, 59, tzinfo=UTC)
    assert periods(local_date(late))[2] == ("quarter", "2026Q1")
    assert periods(local_date(late + timedelta(seconds=1)))[2] == ("quarter", "2026Q2")


def test_period_and_cohort_become_final_at_their_ends():
    assert last_day("quarter", "2025Q4") == date(2025, 12, 31)
    end = datetime(2025, 12, 31, 22, tzinfo=UTC)
    assert state("year", "2025", end, None) == "final"
    assert state("year", "2025", end - timedelta(microseconds=1), None) == "provisional"
    assert state("month", "2025-12", datetime(2026, 1, 15, 21, 59, 59, tzinfo=UTC), 16) == "provisional"
    assert state("month", "2025-12", datetime(2026, 1, 15, 22, tzinfo=UTC), 16) == "final"


def responses(day, channel, promoters, detractors):
    values = [9] * promoters + [0] * detractors
    for number, value in enumerate(values):
        data = {"unit": "u", "channel": channel, "answered_at": datetime(*day, 12, tzinfo=UTC)}
        data |= {"respondent": "client", "has_comment": False}
        data |= {"answers": [{"question": "recommend", "value": value}]}
        name = f"{day}-{channel}-{number}"
        yield Accepted("fi.hva.feedback.answered.v1", "feedback", "response", name, "c", 1, (1,), False, data)


def test_mix_and_within_sum_to_the_change():
    registers = Registers([], [], [], {}, None, {}, [])
    facts = Facts(
        [
            *responses((2025, 1, 1), "phone", 30, 70),
            *responses((2025, 1, 1), "chat", 6, 4),
            *responses((2025, 4, 1), "phone", 27, 63),
            *responses((2025, 4, 1), "chat", 18, 12),
            *responses((2025, 7, 1), "web", 1, 0),
        ]
    )
    mix = nps_mix(facts, registers, "c", "county", "c", "all", "2025Q1", "2025Q2")
    assert mix["change"] == pytest.approx(2 * (37.5 - 100 * 36 / 110))
    assert mix["within"] == pytest.approx(0)
    assert mix["mix"] == pytest.approx(mix["change"])
    other = nps_mix(facts, registers, "c", "county", "c", "all", "2025Q2", "2025Q3")
    assert other["within"] + other["mix"] == pytest.approx(other["change"])
    assert nps_mix(facts, registers, "c", "county", "c", "all", "2024Q2", "2025Q3")["change"] is None


def test_differences_report_missing_unexpected_duplicate_and_unequal_rows():
    rows = [{"k": 1, "n": 2, "share": 0.5}, {"k": 2, "n": 3, "share": None}]
    same = [{"k": 2, "n": 3, "share": None}, {"k": 1, "n": 2, "share": 0.5 + 1e-12}]
    assert differences(rows, same, ["k"]) == []
    assert len(differences(rows, rows[:1], ["k"])) == 1
    assert len(differences(rows[:1], rows, ["k"])) == 1
    assert len(differences(rows, [*rows, rows[0]], ["k"])) == 1
    for change in ({"n": 3}, {"n": 2.5}, {"n": None}, {"share": 0.5 + 1e-8}, {"share": None}, {"more": 1}):
        assert len(differences(rows, [rows[0] | change, rows[1]], ["k"])) == 1, change
    assert differences([{"k": 1, "w": "Infinity"}], [{"k": 1, "w": float("inf")}], ["k"]) == []
    assert len(differences([], [{"k": n} for n in range(50)], ["k"])) == 21
