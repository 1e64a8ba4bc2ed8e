"""`hva explain` for the first-contact family: the contacts behind a figure, how each counts, and its links."""

from typing import Any

import pytest

from deploy.hva.explain import complete, evidence, first_of_client
from tests.product import Database
from tests.store.fcr_harness import (
    ANNA,
    BERTTA,
    DAY,
    HOUR,
    MICROSECOND,
    SECOND,
    START,
    TODAY,
    Store,
    contact,
    counted,
    retracted,
)


class Explain:
    """Reads the facts behind a figure as `hva explain` shows them."""

    def __init__(self, database: Database) -> None:
        self._dsn = database.dsn("hva_steward")

    async def facts(self, view: str, **keys: str) -> list[dict[str, Any]]:
        return await evidence(self._dsn, view, complete(view, {"county": "oma-hame", "period": "2026-03", **keys}))

    async def counted(self, view: str, **keys: str) -> dict[str, str]:
        facts = await self.facts(view, **keys)
        counted_by_id = {fact["id"]: fact["counted"] + fact["detail"] for fact in facts}
        assert len(counted_by_id) == len(facts)
        return counted_by_id


@pytest.fixture
def explain(fcr: Store, _family_database: Database) -> Explain:
    return Explain(_family_database)


async def test_evidence_names_repeated_and_repeating_contacts(fcr: Store, explain: Explain) -> None:
    await fcr.feed(
        contact("a"),
        contact("missed", START + 2 * DAY, answered_at=None, abandoned=True),
        contact("b", START + 4 * DAY, outcome="siirretty"),
        contact("planned", START + 5 * DAY, planned=True, outcome=None),
        contact("planned, missed", START + 6 * DAY, planned=True, answered_at=None),
        contact("c", START + 25 * DAY, channel="chat"),
        contact("sms", START + 25 * DAY + HOUR, channel="sms"),
        contact("without client", client=None),
        contact("without reason", reason=None),
        contact("other matter", START + DAY, line="sosiaali"),
        contact("out", START + DAY, direction="outbound"),
        contact("retracted", START + DAY),
        retracted(contact_id="retracted"),
    )
    assert await explain.counted("fcr_confirmed", window_days="7") == {
        "a": "resolved, repeated by missed",
        "missed": "counted, abandoned",
        "b": "not resolved, not repeated, repeats a",
        "planned": "linkable, no outcome, not repeated, planned",
        "planned, missed": "counted, not answered, planned",
        "c": "resolved, repeated by sms",
        "without client": "not linkable: no client",
        "without reason": "not linkable: no reason",
        "other matter": "resolved, not repeated",
        "out": "not counted: outbound",
    }
    within_30_days = await explain.counted("fcr_confirmed", window_days="30")
    assert within_30_days["b"] == "not resolved, repeated by c, repeats a"
    assert within_30_days["c"] == "resolved, repeated by sms, repeats planned"
    assert (await explain.counted("fcr_confirmed", window_days="1"))["a"] == "resolved, not repeated"


async def test_contact_repeats_the_one_that_ended_last(fcr: Store, explain: Explain) -> None:
    await fcr.feed(contact("long", ended_at=START + 20 * HOUR), contact("short", START + HOUR))
    await fcr.feed(contact("late", START + DAY + 10 * HOUR))
    counted_by_id = await explain.counted("fcr_confirmed", window_days="1")
    assert counted_by_id["late"] == "resolved, not repeated, repeats long"
    assert counted_by_id["short"] == "resolved, not repeated, repeats long"
    assert counted_by_id["long"] == "resolved, repeated by short"


async def test_facts_that_count_equally_are_summarised_together(fcr: Store, explain: Explain) -> None:
    """The repeated contact and the waiting time are details, so the summary has few lines for many contacts."""
    days = range(0, 28, 3)
    await fcr.feed(*(contact(f"c{n}", at := START + n * DAY, answered_at=at + n * SECOND) for n in days))
    assert {fact["counted"] for fact in await explain.facts("fcr_confirmed")} == {
        "resolved, repeated",
        "resolved, not repeated",
    }
    assert {fact["counted"] for fact in await explain.facts("access")} == {"handled, promise kept"}
    assert len({fact["detail"] for fact in await explain.facts("access")}) == len(days)


async def test_evidence_is_selected_by_scope_channel_and_segment(fcr: Store, explain: Explain) -> None:
    await fcr.feed(
        contact("a"),
        contact("b", line="sosiaali", unit="hml-ta"),
        contact("c", channel="chat", client=None),
        contact("sms", channel="sms"),
        contact("april", START + 40 * DAY),
    )

    async def ids(**keys: str) -> set[str]:
        return set(await explain.counted("fcr", **keys))

    assert await ids() == {"a", "b", "c"}
    assert await ids(period="2026Q2") == {"april"}
    assert await ids(period="2026-03-02") == {"a", "b", "c"}
    assert await ids(scope_level="line", scope="terveys") == {"a", "c"}
    assert await ids(scope_level="unit", scope="hml-ta") == {"b"}
    assert await ids(scope_level="division", scope="sote") == {"a", "b", "c"}
    assert await ids(channel="chat") == {"c"}
    assert await ids(segment="unknown") == {"c"}
    assert set(await explain.counted("access", scope_level="line", scope="terveys")) == {"a", "c", "sms"}


async def test_clients_are_numbered_without_pseudonyms(fcr: Store, explain: Explain) -> None:
    await fcr.feed(
        contact("a", client=BERTTA),
        contact("b", START + HOUR, client=ANNA),
        contact("c", START + 2 * HOUR, client=BERTTA),
        contact("d", START + 3 * HOUR, client=None),
    )
    facts = await explain.facts("fcr")
    assert [(fact["id"], fact["client"]) for fact in facts] == [("a", 1), ("b", 2), ("c", 1), ("d", None)]
    assert ANNA not in str(facts) and BERTTA not in str(facts) and "person" not in facts[0]
    assert [(fact["unit"], fact["line"], fact["revision"]) for fact in facts] == [("keskus", "terveys", 1)] * 4
    assert {fact["event_source"] for fact in facts} == {"urn:hva:oma-hame:puhelin"}


async def test_first_contact_of_each_client_counts(fcr: Store, explain: Explain) -> None:
    await fcr.feed(
        contact("a", unit="hml-ta"),
        contact("b", START + 3 * DAY),
        contact("c", START + 4 * DAY, client=BERTTA),
        contact("sms", START + 4 * DAY, channel="sms", client=BERTTA),
        contact("missed", START - DAY, answered_at=None),
    )

    async def counted_by_id(**keys: str) -> dict[str, str]:
        facts = first_of_client(await explain.facts("fcr_client", **keys))
        assert len(facts) == len({fact["id"] for fact in facts})
        return {fact["id"]: fact["counted"] + fact["detail"] for fact in facts}

    assert await counted_by_id(window_days="7") == {
        "a": "first of its client, repeated by b",
        "b": "not the first: not repeated",
        "c": "first of its client, repeated by sms",
    }
    assert (await counted_by_id(window_days="1"))["a"] == "first of its client, not repeated"
    assert (await counted_by_id(window_days="7", scope_level="unit", scope="keskus"))[
        "b"
    ] == "first of its client, not repeated"


async def test_default_window_is_seven_days(fcr: Store, explain: Explain) -> None:
    """Without a default, each contact would appear once for each window."""
    await fcr.feed(contact("a"), contact("b", START + 3 * DAY))
    for view in ("fcr_confirmed", "fcr_client"):
        assert await explain.counted(view) == await explain.counted(view, window_days="7")
    assert (await explain.counted("fcr_client"))["a"] == "repeated by b"


async def test_evidence_shows_resolution(fcr: Store, explain: Explain) -> None:
    outcomes = {"r": "hoidettu", "n": "siirretty", "l": "hata-112", "u": "keksitty", "none": None}
    await fcr.feed(*(contact(id, outcome=outcome) for id, outcome in outcomes.items()))
    await fcr.feed(contact("pair", outcome="ajanvaraus", classification="2026"), contact("spam", excluded="spam"))
    await fcr.feed(contact("alone", outcome="hoidettu", classification="1999"), contact("missed", answered_at=None))
    assert await explain.counted("fcr") == {
        "r": "resolved",
        "n": "not resolved",
        "l": "not for the first line to resolve",
        "u": "handled, outcome keksitty that the register lacks",
        "none": "handled, no outcome",
        "pair": "not resolved",
        "alone": "resolved",
        "spam": "not counted: spam",
        "missed": "counted, not answered",
    }


async def test_evidence_shows_access(fcr: Store, explain: Explain) -> None:
    due: dict[str, Any] = {"promised_by": START + HOUR}
    early: dict[str, Any] = {"answered_at": None, "abandoned": True, "ended_at": START + 5 * SECOND}
    await fcr.feed(
        contact("kept", answer_mode="direct", **due),
        contact("broken", answered_at=START + HOUR + MICROSECOND, **due),
        contact("before", answered_at=START - SECOND, line="neuvola"),
        contact(
            "tried", answered_at=None, callback_first_attempt_at=START + 90 * SECOND, line="neuvola", channel="sms"
        ),
        contact("late", line="neuvola", **{**early, "ended_at": START + 6 * SECOND}),
        contact("early", line="neuvola", **early),
        contact("out", direction="outbound"),
        contact("booking", channel="digital_booking"),
    )
    assert await explain.counted("access") == {
        "kept": "handled (direct), promise kept, waited 20 s",
        "broken": "handled, promise broken, waited 3600 s",
        "before": "handled, waited 0 s",
        "tried": "not handled, waited 90 s",
        "late": "not handled",
        "early": "early",
        "out": "not counted: outbound",
    }


async def test_early_contacts_count_in_no_promise(fcr: Store, explain: Explain) -> None:
    """They do not count in `with_promise`, even after an attempt to call back."""
    early: dict[str, Any] = {
        "answered_at": None,
        "abandoned": True,
        "ended_at": START + 5 * SECOND,
        "promised_by": START + HOUR,
    }
    await fcr.feed(contact("early", **early), contact("tried", **early, callback_first_attempt_at=START + 60 * SECOND))
    assert await fcr.row("access", "with_promise", as_of=(START + DAY).isoformat()) == (0,)
    assert await explain.counted("access") == {"early": "early", "tried": "early, waited 60 s"}


async def test_overdue_promise_is_broken(fcr: Store, explain: Explain) -> None:
    """Both contacts are unanswered. Only the one that is due counts in `with_promise`."""
    far_ahead = START + 20_000 * DAY
    await fcr.feed(
        contact("over", answered_at=None, promised_by=START + HOUR),
        contact("open", answered_at=None, promised_by=far_ahead),
    )
    counted_by_id = await explain.counted("access")
    assert await fcr.row("access", "with_promise, promise_kept") == (1, 0)
    assert counted_by_id == {"over": "not handled, promise broken", "open": "not handled, promise open"}


async def test_evidence_of_revolving_hyte_and_digital(fcr: Store, explain: Explain) -> None:
    await fcr.feed(
        contact("a", outcome="hyte-ohjattu", channel="sms"),
        contact("b", START + DAY, reason=None),
        contact("c", START + 2 * DAY, line="sosiaali"),
        contact("d", START + 30 * DAY, client=BERTTA, channel="digital_booking", period=None),
        counted("h", 12),
        counted("h2", 3, TODAY, kind="exercise_referral"),
    )
    assert await explain.counted("revolving") == {
        "a": "contact number 1 in 30 days",
        "b": "contact number 2 in 30 days",
        "c": "contact number 3 in 30 days",
    }
    assert await explain.counted("hyte") == {
        "a": "guidance given: hyte-ohjattu",
        "h": "tray_visit 12",
        "h2": "exercise_referral 3",
    }
    assert await explain.counted("hyte", kind="tray_visit") == {"h": "tray_visit 12"}
    assert await explain.counted("hyte", scope_level="line", scope="terveys") == {"a": "guidance given: hyte-ohjattu"}
    digital = await explain.counted("digital", period="2026Q2")
    assert digital == {"d": "digital_booking"}
