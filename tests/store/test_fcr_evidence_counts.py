"""`hva explain` for the first-contact family: how each contact counts, by figure."""

from typing import Any

from tests.store.fcr_explain import Explain
from tests.store.fcr_harness import BERTTA, DAY, HOUR, MICROSECOND, SECOND, START, TODAY, Store, contact, counted


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
