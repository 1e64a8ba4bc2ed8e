"""Clients who become members and cease to be, by flags and by sectors, and what they do before, meanwhile and after."""

from tests.fault.events import answered, flagged, given, recorded, taken_back, visited

DAYS = ("2026-01-10", "2026-02-20", "2026-02-23", "2026-06-10")
SECTORS = ("vastaanotto", "lapsiperheet", "iakkaat")


def someone(number: int) -> dict[str, str]:
    return {"local_id": f"A{number}"}


def life(number: int) -> list[bytes]:
    """All that is told of a client, in the order of time and of revisions."""
    client, name = someone(number), f"{number}"
    return [*_evidence(client, name, number % 4), *(line for day in DAYS for line in _doings(client, name, day))]


def _evidence(client: dict[str, str], name: str, kind: int) -> list[bytes]:
    """A flag that stays, ends, or is taken back; or three sectors, of which one is taken back."""
    if kind == 3:
        days = zip(SECTORS, DAYS, strict=False)
        seen = [_visited(f"{name}-{sector}", client, day, sector) for sector, day in days]
        return [*seen, taken_back(2, service_event_id=f"{name}-{SECTORS[0]}")] if len(name) > 1 else seen
    told = [flagged(name, client=client)]
    if kind == 1:
        told.append(flagged(name, client=client, revision=2, valid_to="2026-02-21"))
    if kind == 2:
        told.append(taken_back(2, flag_id=name))
    return told


def _doings(client: dict[str, str], name: str, day: str) -> list[bytes]:
    id, at = f"{name}-{day}", f"{day}T10:00:00+02:00"
    return [
        answered(id, client=client, answered_at=at),
        given(id, client=client, given_at=at),
        recorded(id, client=client, reason="kuume", started_at=at, answered_at=at),
        _visited(id, client, day, SECTORS[0]),
    ]


def _visited(id: str, client: dict[str, str], day: str, sector: str) -> bytes:
    return visited(id, client=client, occurred_at=f"{day}T10:00:00+02:00", sector=sector)
