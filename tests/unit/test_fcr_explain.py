"""`hva explain` shows numbers instead of clients, and which contact of a client counts."""

from typing import Any

from deploy.hva.explain import _numbers, first_of_client


def facts(*clients: int | None) -> list[dict[str, Any]]:
    return [{"id": f"c{n}", "client": client, "counted": "not repeated"} for n, client in enumerate(clients)]


def test_first_contact_of_each_client_counts() -> None:
    found = first_of_client(facts(1, 2, 1, 1, 3, 2))
    firsts = [fact["id"] for fact in found if fact["counted"] == "first of its client, not repeated"]
    others = [fact["id"] for fact in found if fact["counted"] == "not the first: not repeated"]
    assert (firsts, others) == (["c0", "c1", "c4"], ["c2", "c3", "c5"])


def test_rows_read_are_not_modified() -> None:
    rows = facts(1, 1)
    assert [fact["id"] for fact in first_of_client(rows)] == ["c0", "c1"]
    assert {fact["counted"] for fact in rows} == {"not repeated"}
    assert first_of_client([]) == []


def test_persons_are_numbered_in_order_of_appearance() -> None:
    rows = [{"person": person} for person in (901, None, 17, 901, 4)]
    assert _numbers(rows) == {901: 1, 17: 2, 4: 3}
