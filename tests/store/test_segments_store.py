"""Memberships, labels and histories on a real PostgreSQL: what follows from what, and what is told to the families."""

from datetime import date, timedelta

import pytest

from tests.store.fcr_stage import ANNA, BERTTA, DAY, START, TODAY
from tests.store.segments_stage import Store, event, flag, merged, plan, retracted, suuntima
from tests.store.segments_stage import erased as erasure

OPEN = date.max
WEEK = timedelta(days=7)
SECTORS = ("vastaanotto", "erikoissairaanhoito", "lapsiperheet")


async def versions(segments: Store) -> dict[str, int]:
    return dict(await segments.all("select client, version from segments.history"))


async def test_evidence_makes_a_member_and_labels_her_events(segments: Store) -> None:
    await segments.feed(event("before", at=START - DAY), event("on", at=START), event("other", client=BERTTA))
    assert await segments.labels() == {"before": "other", "on": "other", "other": "other"}
    await segments.feed(flag("f", TODAY, TODAY + WEEK))
    assert await segments.members() == {ANNA: [(TODAY, TODAY + WEEK)]}
    assert await segments.labels() == {"before": "other", "on": "multidisciplinary", "other": "other"}
    await segments.feed(retracted(flag_id="f"))
    assert await segments.members() == {}
    assert set((await segments.labels()).values()) == {"other"}


async def test_a_correction_moves_a_flag_to_another_client(segments: Store) -> None:
    await segments.feed(flag("f"), event("a"), event("b", client=BERTTA))
    await segments.feed(
        flag("f", TODAY + WEEK, revision=2, client=BERTTA), event("late", at=START + 8 * DAY, client=BERTTA)
    )
    assert await segments.members() == {BERTTA: [(TODAY + WEEK, OPEN)]}
    assert await segments.labels() == {"a": "other", "b": "other", "late": "multidisciplinary"}


async def test_three_sectors_of_events_that_were_done(segments: Store) -> None:
    await segments.feed(*(event(f"e{n}", sector, START + n * DAY) for n, sector in enumerate(SECTORS)))
    assert await segments.members() == {ANNA: [(TODAY + timedelta(days=2), TODAY + timedelta(days=365))]}
    await segments.feed(event("e1", SECTORS[1], START + DAY, revision=2, status="cancelled"))
    assert await segments.members() == {}
    assert await segments.labels() == {"e0": "other", "e2": "other"}


async def test_a_merge_joins_evidence_and_its_retraction_parts_it(segments: Store) -> None:
    await segments.feed(merged("m", ANNA, BERTTA))
    await segments.feed(flag("f", client=BERTTA), event("a"), event("b", client=BERTTA))
    assert await segments.members() == {ANNA: [(TODAY, OPEN)], BERTTA: [(TODAY, OPEN)]}
    assert set((await segments.labels()).values()) == {"multidisciplinary"}
    assert await segments.histories() == dict.fromkeys((ANNA, BERTTA), f'[["{TODAY}",null]]')
    await segments.feed(retracted(merge_id="m"))
    assert await segments.members() == {BERTTA: [(TODAY, OPEN)]}
    assert await segments.labels() == {"a": "other", "b": "multidisciplinary"}
    assert await segments.histories() == {BERTTA: f'[["{TODAY}",null]]'}


async def test_sectors_of_two_pseudonyms_are_of_one_person(segments: Store) -> None:
    await segments.feed(*(event(f"e{n}", s, client=(ANNA, BERTTA)[n % 2]) for n, s in enumerate(SECTORS)))
    assert await segments.members() == {}
    await segments.feed(merged("m", BERTTA, ANNA))
    assert set(await segments.members()) == {ANNA, BERTTA}


async def test_an_erasure_takes_one_pseudonym_and_leaves_the_merge(segments: Store) -> None:
    await segments.feed(merged("m", ANNA, BERTTA), flag("f"), event("a"), event("b", client=BERTTA), suuntima("s"))
    await segments.feed(erasure(ANNA))
    assert await segments.members() == {} and await segments.labels() == {"b": "other"}
    await segments.feed(flag("again"), plan("p", client=BERTTA))
    assert set(await segments.members()) == {ANNA, BERTTA}, "the plan of the other is theirs"
    assert await segments.labels() == {"b": "multidisciplinary"}
    assert (await segments.buckets())["suuntima_month"] == []


async def test_a_history_is_told_when_it_changes_and_versions_only_grow(segments: Store) -> None:
    await segments.feed(flag("f"))
    first = await versions(segments)
    await segments.pool.execute("update segments.history set pending = false, version = version + 3600000000")
    ahead = await versions(segments)
    await segments.feed(plan("p"), event("e"))
    assert await versions(segments) == ahead, "the same days by another evidence"
    await segments.feed(retracted(flag_id="f"), retracted(plan_id="p"))
    assert (await versions(segments))[ANNA] == ahead[ANNA] + 1 > first[ANNA]
    assert await segments.all("select intervals, pending from segments.history") == [("[]", True)]


async def test_a_changed_rule_changes_members_labels_and_histories(segments: Store) -> None:
    await segments.feed(flag("f"), event("a"), suuntima("s", "yhteiso", client=BERTTA), event("b", client=BERTTA))
    await segments.refold(enabled=("E3",), e3_results=("yhteiso",), e3_valid_days=10)
    assert await segments.members() == {BERTTA: [(TODAY, TODAY + timedelta(days=10))]}
    assert await segments.labels() == {"a": "other", "b": "multidisciplinary"}
    assert set(await segments.histories()) == {BERTTA}
    assert [row[-2:] for row in (await segments.buckets())["care_day"]] == [(2, 1)]


@pytest.mark.parametrize("chunk", [1, 2, 500])
async def test_a_rule_reaches_every_person_in_chunks(
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
