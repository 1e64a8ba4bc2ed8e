"""Memberships, labels and pending histories on a real PostgreSQL server."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from services.segments import members, store
from tests.store.fcr_harness import ANNA, BERTTA, DAY, START, TODAY
from tests.store.segments_harness import Store, event, flag, merged, plan, retracted, suuntima
from tests.store.segments_harness import erased as erasure

OPEN = date.max
WEEK = timedelta(days=7)
SECTORS = ("vastaanotto", "erikoissairaanhoito", "lapsiperheet")


def by_segment(buckets: dict[str, list[tuple[Any, ...]]]) -> Counter[str]:
    """The number of service events per segment, from the month buckets."""
    found = Counter[str]()
    for _, _, _, _, segment, *_, events in buckets["care_month"]:
        found[segment] += events
    return found


async def versions(segments: Store) -> dict[str, int]:
    return dict(await segments.fetch("select client, version from segments.history"))


async def test_flag_makes_a_member_and_labels_their_events(segments: Store) -> None:
    await segments.feed(event("before", at=START - DAY), event("on", at=START), event("other", client=BERTTA))
    assert await segments.labels() == {"before": "other", "on": "other", "other": "other"}
    await segments.feed(flag("f", TODAY, TODAY + WEEK))
    assert await segments.members() == {ANNA: [(TODAY, TODAY + WEEK)]}
    assert await segments.labels() == {"before": "other", "on": "multidisciplinary", "other": "other"}
    await segments.feed(retracted(flag_id="f"))
    assert await segments.members() == {}
    assert set((await segments.labels()).values()) == {"other"}


async def test_corrected_flag_moves_to_another_client(segments: Store) -> None:
    await segments.feed(flag("f"), event("a"), event("b", client=BERTTA))
    await segments.feed(
        flag("f", TODAY + WEEK, revision=2, client=BERTTA), event("late", at=START + 8 * DAY, client=BERTTA)
    )
    assert await segments.members() == {BERTTA: [(TODAY + WEEK, OPEN)]}
    assert await segments.labels() == {"a": "other", "b": "other", "late": "multidisciplinary"}


async def test_done_events_in_three_sectors_make_a_member(segments: Store) -> None:
    await segments.feed(*(event(f"e{n}", sector, START + n * DAY) for n, sector in enumerate(SECTORS)))
    assert await segments.members() == {ANNA: [(TODAY + timedelta(days=2), TODAY + timedelta(days=365))]}
    await segments.feed(event("e1", SECTORS[1], START + DAY, revision=2, status="cancelled"))
    assert await segments.members() == {}
    assert await segments.labels() == {"e0": "other", "e2": "other"}


async def test_sectors_within_a_year_make_a_member(segments: Store) -> None:
    for number, sector in enumerate(SECTORS):
        await segments.feed(event(sector, sector, START + number * 150 * DAY))
    assert await segments.members() == {ANNA: [(TODAY + timedelta(days=300), TODAY + timedelta(days=365))]}


async def test_merge_joins_grounds_and_its_retraction_separates_them(segments: Store) -> None:
    await segments.feed(merged("m", ANNA, BERTTA))
    await segments.feed(flag("f", client=BERTTA), event("a"), event("b", client=BERTTA))
    assert await segments.members() == {ANNA: [(TODAY, OPEN)], BERTTA: [(TODAY, OPEN)]}
    assert set((await segments.labels()).values()) == {"multidisciplinary"}
    assert await segments.histories() == dict.fromkeys((ANNA, BERTTA), f'[["{TODAY}",null]]')
    await segments.feed(retracted(merge_id="m"))
    assert await segments.members() == {BERTTA: [(TODAY, OPEN)]}
    assert await segments.labels() == {"a": "other", "b": "multidisciplinary"}
    assert await segments.histories() == {BERTTA: f'[["{TODAY}",null]]'}


async def test_sectors_of_merged_pseudonyms_add_up(segments: Store) -> None:
    await segments.feed(*(event(f"e{n}", s, client=(ANNA, BERTTA)[n % 2]) for n, s in enumerate(SECTORS)))
    assert await segments.members() == {}
    await segments.feed(merged("m", BERTTA, ANNA))
    assert set(await segments.members()) == {ANNA, BERTTA}


async def test_erasure_removes_one_pseudonym_and_keeps_the_merge(segments: Store) -> None:
    await segments.feed(merged("m", ANNA, BERTTA), flag("f"), event("a"), event("b", client=BERTTA), suuntima("s"))
    await segments.feed(erasure(ANNA))
    assert await segments.members() == {} and await segments.labels() == {"b": "other"}
    await segments.feed(flag("again"), plan("p", client=BERTTA))
    assert set(await segments.members()) == {ANNA, BERTTA}, "the plan of one pseudonym counts for both"
    assert await segments.labels() == {"b": "multidisciplinary"}
    assert (await segments.buckets())["suuntima_month"] == []


async def test_changed_history_is_pending_with_a_greater_version(segments: Store) -> None:
    await segments.feed(flag("f"))
    first = await versions(segments)
    await segments.pool.execute("update segments.history set pending = false, version = version + 3600000000")
    ahead = await versions(segments)
    await segments.feed(plan("p"), event("e"))
    assert await versions(segments) == ahead, "other grounds for the same days is no change"
    await segments.feed(retracted(flag_id="f"), retracted(plan_id="p"))
    assert (await versions(segments))[ANNA] == ahead[ANNA] + 1 > first[ANNA]
    assert await segments.fetch("select intervals, pending from segments.history") == [("[]", True)]


async def test_changed_rule_changes_members_labels_and_histories(segments: Store) -> None:
    await segments.feed(flag("f"), event("a"), suuntima("s", "yhteiso", client=BERTTA), event("b", client=BERTTA))
    await segments.refold(enabled=("E3",), e3_results=("yhteiso",), e3_valid_days=10)
    assert await segments.members() == {BERTTA: [(TODAY, TODAY + timedelta(days=10))]}
    assert await segments.labels() == {"a": "other", "b": "multidisciplinary"}
    assert set(await segments.histories()) == {BERTTA}
    assert by_segment(await segments.buckets()) == {"multidisciplinary": 1, "other": 1}


@pytest.mark.parametrize("chunk", [1, 2, 500])
async def test_changed_rule_reaches_every_person_in_chunks(
    segments: Store, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.segments.store._CHUNK", chunk)
    clients = [f"k1.{n:022}" for n in range(5)]
    await segments.feed(*(plan(f"p{n}", client=client) for n, client in enumerate(clients)))
    await segments.feed(merged("m", clients[0], clients[4]))
    await segments.refold(enabled=())
    assert await segments.members() == {} and await segments.histories() == {}
    await segments.refold(enabled=("E2",))
    assert set(await segments.members()) == set(clients)


async def test_changed_rule_is_activated_for_all_persons_together(
    segments: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.segments.store._CHUNK", 1)
    monkeypatch.setattr("services.segments.store._ACTIVATION_CHUNK", 2)
    clients = [f"k1.{n:022}" for n in range(5)]
    for client in clients:
        await segments.feed(plan(f"p{client}", client=client), event(f"e{client}", client=client))
    await segments.pool.execute("update segments.history set pending = false")
    before = await segments.members(), await segments.labels(), await segments.histories(), await segments.buckets()
    await segments.change(enabled=("E1",))
    current = before
    for number in range(50):
        if number == 6:  # all tables and one person are refolded
            await segments.feed(flag("f", client=clients[0]), flag("g", client=clients[4]), plan("q", client=BERTTA))
        finished = await segments.step(1)
        current = (
            await segments.members(),
            await segments.labels(),
            await segments.histories(),
            await segments.buckets(),
        )
        if finished:
            break
        assert current == before
        assert not await segments.fetch("select from segments.history where pending")
    assert 10 < number < 20
    assert set(current[0]) == {clients[0], clients[4]} == set(current[2])
    assert {client for client in clients if current[1][f"e{client}"] == "multidisciplinary"} == set(current[0])
    assert by_segment(current[3])["multidisciplinary"] == 2
    assert await segments.fetch("select from segments.staged_membership") == []


async def test_new_fact_changes_a_staged_membership(segments: Store) -> None:
    await segments.refold(enabled=("E1",))
    await segments.feed(plan("p", TODAY - 2 * WEEK, TODAY - WEEK))
    await segments.change(enabled=("E1", "E2"))
    assert not await segments.step(len(store.TABLES) + 1)
    await segments.feed(flag("f", TODAY, TODAY + WEEK))
    assert await segments.members() == {}
    assert await segments.step(1)
    assert await segments.members() == {ANNA: [(TODAY - 2 * WEEK, TODAY - WEEK), (TODAY, TODAY + WEEK)]}


async def test_merge_during_a_rule_change_is_kept(segments: Store) -> None:
    await segments.feed(event("a"), event("b", client=BERTTA), plan("p", client=BERTTA))
    await segments.change(enabled=("E1", "E2"))
    await segments.step(3)
    await segments.feed(merged("m", ANNA, BERTTA), flag("f", TODAY - WEEK))
    assert await segments.members() == {} == await segments.histories()
    await segments.step(9)
    assert await segments.members() == {client: [(TODAY - WEEK, OPEN)] for client in (ANNA, BERTTA)}
    assert set((await segments.labels()).values()) == {"multidisciplinary"}
    assert set(await segments.histories()) == {ANNA, BERTTA}


async def test_membership_is_recomputed_only_if_a_day_gains_or_loses_a_sector(
    segments: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    recomputed = []

    async def record_and_recompute(connection: Any, spans: Any, registers: Any) -> Any:
        recomputed.append(list(spans.values()))
        return await members.recompute_memberships(connection, spans, registers)

    monkeypatch.setattr("services.segments.store.recompute_memberships", record_and_recompute)
    await segments.feed(*(event(id, SECTORS[0]) for id in "ab"), *(event(s, s) for s in SECTORS[1:]))
    assert set(await segments.members()) == {ANNA}
    span = [(TODAY, TODAY + timedelta(days=365))]
    assert recomputed.pop() == span
    await segments.feed(event("c", SECTORS[0]), retracted(service_event_id="a"), event("d", status="cancelled"))
    await segments.feed(event("b", SECTORS[1], revision=2), event("b", SECTORS[0], revision=3))
    assert recomputed == [[], []]
    await segments.feed(retracted(service_event_id="b"), retracted(service_event_id="c"))
    assert recomputed.pop() == span
    assert await segments.members() == {}
