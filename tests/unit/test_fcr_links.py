"""The link keys and time spans that changed contacts affect."""

from typing import Any

from services.fcr.facts import Contact, tombstone
from services.fcr.links import link_spans
from shared.postgres.facts import Change
from tests.unit.fcr_cases import ANSWERED, DAY, LINKED, START, contact

KEY = (5, "terveys", "kuume")


def linked(**fields: Any) -> Contact:
    return contact(**{**ANSWERED, **LINKED, **fields})


def test_new_contact_spans_its_own_time() -> None:
    assert link_spans([Change(None, linked())]) == {KEY: (START, START)}


def test_unhandled_and_planned_contacts_have_spans() -> None:
    for fields in ({"answered_at": None}, {"planned": True}, {"channel": "other"}):
        assert link_spans([Change(None, linked(**fields))]) == {KEY: (START, START)}


def test_contacts_without_a_link_key_have_no_span() -> None:
    without_key: tuple[dict[str, Any], ...] = (
        {"own_client": None, "person": None},
        {"reason": None},
        {"direction": "outbound"},
        {"excluded": "test"},
    )
    for fields in without_key:
        assert link_spans([Change(None, linked(**fields))]) == {}
    assert link_spans([Change(None, tombstone(linked()))]) == {}
    assert link_spans([]) == {}


def test_contact_that_moves_in_time_spans_both_times() -> None:
    before, after = linked(started_at=START + 9 * DAY), linked(started_at=START - 2 * DAY)
    expected = {KEY: (START - 2 * DAY, START + 9 * DAY)}
    assert link_spans([Change(before, after)]) == link_spans([Change(after, before)]) == expected


def test_contact_that_moves_to_another_key_has_a_span_for_both() -> None:
    before = linked()
    for fields in ({"person": 6}, {"line": "sosiaali"}, {"reason": "yska"}):
        after = before._replace(started_at=START + DAY, **fields)
        assert after.person is not None and after.line is not None and after.reason is not None
        key = (after.person, after.line, after.reason)
        assert link_spans([Change(before, after)]) == {KEY: (START, START), key: (START + DAY, START + DAY)}


def test_contact_that_leaves_its_key_keeps_the_span_of_the_old_key() -> None:
    for after in (linked(excluded="spam"), linked(reason=None), tombstone(linked())):
        assert link_spans([Change(linked(), after)]) == {KEY: (START, START)}
        assert link_spans([Change(after, linked())]) == {KEY: (START, START)}


def test_changes_of_one_key_have_one_span() -> None:
    changes = [Change(None, linked(id=str(n), started_at=START + n * DAY)) for n in (3, -4, 0, 8, 1)]
    assert link_spans(changes) == {KEY: (START - 4 * DAY, START + 8 * DAY)}
