"""The dashboards of client experience and of a unit: published figures, in their order, and why NPS changed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.dashboards.rows import KEYS, OF_COUNTY, rows_of, undone
from tests.dashboards.test_queries import REAL
from tests.product import Database

_OF_UNIT = KEYS | {"scope_level": "unit", "scope": "keskus"}
UNIT = REAL | {"unit": "keskus"}


async def test_units_are_sorted_and_marked(reader: Any, figures: Any) -> None:
    expected = {row["scope"]: row for row in await figures("nps", KEYS | {"scope_level": "unit"})}
    shown = await rows_of(reader, "experience: Units in the chosen period, best NPS first", REAL)
    assert {row["scope"] for row in shown} == expected.keys()
    scores = [row["score"] for row in shown if row["score"] is not None]
    assert scores == sorted(scores, reverse=True) and len(scores) < len(shown)
    assert {row["score"] for row in shown[len(scores) :]} == {None}
    for row in shown:
        of = expected[row["scope"]]
        assert (row["score"], row["score_low"], row["n"]) == (of["score"], of["score_low"], of["n"])
        assert ("(< 30 answers)" in row["name"]) == of["low_n"]


async def test_shares_of_statements(reader: Any, figures: Any) -> None:
    expected = {row["question"]: row for row in await figures("statement", OF_COUNTY)}
    shown = await rows_of(reader, "experience: National statements, distribution of answers", REAL)
    assert len(shown) == 7
    help_, of = shown[0], expected["thl_help"]
    assert help_["label"] == "I got help when I needed it (< 30 answers)"
    assert [help_[f"c{i}"] for i in range(1, 6)] == [of[f"c{i}"] / of["n"] for i in range(1, 6)]
    hidden = await rows_of(reader, "unit: National statements, distribution of answers", UNIT)
    assert hidden[0] == {
        "label": "I got help when I needed it (hidden)",
        **dict.fromkeys(["c1", "c2", "c3", "c4", "c5"]),
    }


async def test_kinds_of_feedback(reader: Any, figures: Any) -> None:
    where = "experience: Direct feedback by kind"
    expected = await figures("direct_feedback", OF_COUNTY | {"theme": "all"})
    shown = {row["name"]: row for row in await rows_of(reader, where, REAL)}
    for code, name in {"complaint": "Complaint", "thanks": "Thanks"}.items():
        (of,) = [row for row in expected if row["kind"] == code]
        assert shown[name]["n"] == of["n"]
        assert shown[name]["replied_in_time_share"] == of["replied_in_time"] / of["wants_reply"]
    assert len(shown) == 4
    assert await rows_of(reader, where, REAL | {"service_area": "ensilinja"}) == [], "never published"


@pytest.mark.parametrize(
    ("title", "view", "column"),
    [
        ("NPS", "nps", "score"),
        ("Contacts answered", "access", "answered_share"),
        ("Service events", "service_events", "events"),
    ],
)
async def test_numbers_of_a_unit(reader: Any, figures: Any, title: str, view: str, column: str) -> None:
    further = {"sector": "all", "event_class": "all"} if view == "service_events" else {}
    (expected,) = await figures(view, _OF_UNIT | further)
    label = "Q1/2026 (< 30 answers)" if expected["low_n"] else "Q1/2026"
    assert await rows_of(reader, f"unit: {title}", UNIT) == [{column: expected[column], "label": label}]
    assert await rows_of(reader, f"unit: {title}", REAL) == [], "no unit is chosen"


async def test_unit_is_shown_with_its_place(reader: Any) -> None:
    where = "unit: The chosen unit, or those that can be chosen"
    (shown,) = await rows_of(reader, where, UNIT)
    assert (shown["name"], shown["service_area"], shown["division"]) == ("Unit keskus", "ensilinja", "sote")
    assert len(await rows_of(reader, where, REAL)) == 8
    (without,) = await rows_of(reader, where, REAL | {"unit": "paihde"})
    assert (without["service_area_name"], without["service_area"]) == ("", "all")


@pytest.fixture
async def writer(published_sample: Database) -> AsyncIterator[Any]:
    async with undone(published_sample, "hva_nps") as session:
        yield session


BEFORE, NOW = "2025Q4", "2026Q1"
TOTALS = {"change": "Change of NPS", "within": "Within channels", "mix": "From the channel mix"}


async def publish(
    writer: Any,
    rows: dict[tuple[str, str], tuple[int | None, float | None]],
    state: str = "final",
    *,
    low_n: bool = False,
) -> None:
    """Publish NPS of a county: number of answers and score by period and channel; None is hidden."""
    for (period, channel), (n, score) in rows.items():
        await writer.execute(
            "insert into report.nps (county, period_kind, period, scope_level, scope, channel, segment, n, score,"
            " state, suppressed, low_n, published_at)"
            " values ('x', 'quarter', $1, 'county', 'x', $2, 'all', $3, $4, $6, $5, $7, now())",
            *(period, channel, n, score, n is None, state, low_n),
        )


async def totals(writer: Any) -> dict[str, float | None]:
    found = {
        name: await rows_of(writer, f"experience: {title}", REAL | {"county": "x"}) for name, title in TOTALS.items()
    }
    return {name: rows[0][name] for name, rows in found.items()}


async def test_label_of_a_number_says_that_it_is_provisional_or_of_few(writer: Any) -> None:
    of_county = REAL | {"county": "x"}
    await publish(writer, {(NOW, "all"): (40, 50.0)})
    assert await rows_of(writer, "leadership: NPS", of_county) == [{"score": 50, "label": "Q1/2026"}]
    await publish(writer, {(BEFORE, "all"): (20, 40.0), (BEFORE, "web"): (20, 40.0)}, "provisional", low_n=True)
    for where, period in {"leadership: NPS": BEFORE, "experience: Change of NPS": NOW}.items():
        (shown,) = await rows_of(writer, where, of_county | {"period": period})
        assert shown["label"].endswith("(< 30 answers, provisional)")


async def test_mix_of_channels_explains_the_change(writer: Any) -> None:
    """The example of docs/figures.md."""
    before, now = {"phone": (1000, 30.0), "chat": (100, 60.0)}, {"phone": (900, 30.0), "chat": (300, 60.0)}
    all_ = {(BEFORE, "all"): (1100, 36000 / 1100), (NOW, "all"): (1200, 37.5)}
    await publish(
        writer, all_ | {(BEFORE, key): of for key, of in before.items()} | {(NOW, key): of for key, of in now.items()}
    )
    found = await totals(writer)
    assert found == pytest.approx({"change": 37.5 - 36000 / 1100, "within": 0, "mix": 37.5 - 36000 / 1100})
    channels = await rows_of(writer, "experience: Change of NPS by channel", REAL | {"county": "x"})
    assert [(row["name"], row["share_b"], row["score_b"]) for row in channels] == [
        ("Phone", 0.75, 30),
        ("Chat", 0.25, 60),
    ]


async def test_channel_without_answers_takes_the_score_of_the_other_period(writer: Any) -> None:
    rows = {(BEFORE, "all"): (20, 50.0), (BEFORE, "sms"): (20, 50.0), (NOW, "all"): (40, 35.0)}
    await publish(writer, rows | {(NOW, "sms"): (20, 60.0), (NOW, "web"): (20, 10.0)})
    # sms: (1 + 0.5) / 2 * 10 within; sms 55 * -0.5 and web 10 * 0.5 of the mix
    assert await totals(writer) == pytest.approx({"change": -15, "within": 7.5, "mix": -22.5})


async def test_parts_are_not_calculated_where_a_channel_is_hidden(writer: Any) -> None:
    rows = {
        (BEFORE, "all"): (40, 50.0),
        (BEFORE, "sms"): (20, 40.0),
        (NOW, "all"): (40, 35.0),
        (NOW, "sms"): (40, 35.0),
    }
    await publish(writer, rows | {(BEFORE, "web"): (None, None)})
    assert await totals(writer) == {"change": -15, "within": None, "mix": None}
    shown = {
        row["name"]: row
        for row in await rows_of(writer, "experience: Change of NPS by channel", REAL | {"county": "x"})
    }
    assert shown["Text message"]["within"] == (0.5 + 1) / 2 * (35 - 40)
    assert (shown["Web"]["share_a"], shown["Web"]["within"]) == (None, None)
