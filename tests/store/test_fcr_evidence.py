"""`hva explain` for the first-contact family: which contacts are behind a figure, and what each is linked to."""

from deploy.hva.explain import first_of_client
from tests.store.fcr_explain import Explain
from tests.store.fcr_harness import ANNA, BERTTA, DAY, HOUR, SECOND, START, Store, contact, retracted


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
