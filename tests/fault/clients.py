"""Events of clients who become members and stop being members, by flags and by sectors."""

from tests.fault.events import (
    care_retracted,
    common_client,
    contact_recorded,
    feedback_answered,
    feedback_given,
    service_event,
)

DAYS = ("2026-01-10", "2026-02-20", "2026-02-23", "2026-06-10")
SECTORS = ("vastaanotto", "lapsiperheet", "iakkaat")


def client_id(number: int) -> dict[str, str]:
    return {"local_id": f"A{number}"}


def events_of_client(number: int) -> list[bytes]:
    """All events of a client, ordered by time and revision: before, during and after their membership."""
    client, name = client_id(number), f"{number}"
    membership = _membership_events(client, name, number % 4)
    return [*membership, *(line for day in DAYS for line in _events_of_day(client, name, day))]


def _membership_events(client: dict[str, str], name: str, kind: int) -> list[bytes]:
    """A flag that stays, ends, or is retracted; or three sectors, of which one may be retracted."""
    if kind == 3:
        days = zip(SECTORS, DAYS, strict=False)
        visits = [_visit(f"{name}-{sector}", client, day, sector) for sector, day in days]
        return [*visits, care_retracted(2, service_event_id=f"{name}-{SECTORS[0]}")] if len(name) > 1 else visits
    flags = [common_client(name, client=client)]
    if kind == 1:
        flags.append(common_client(name, client=client, revision=2, valid_to="2026-02-21"))
    if kind == 2:
        flags.append(care_retracted(2, flag_id=name))
    return flags


def _events_of_day(client: dict[str, str], name: str, day: str) -> list[bytes]:
    id, at = f"{name}-{day}", f"{day}T10:00:00+02:00"
    return [
        feedback_answered(id, client=client, answered_at=at),
        feedback_given(id, client=client, given_at=at),
        contact_recorded(id, client=client, reason="kuume", started_at=at, answered_at=at),
        _visit(id, client, day, SECTORS[0]),
    ]


def _visit(id: str, client: dict[str, str], day: str, sector: str) -> bytes:
    return service_event(id, client=client, occurred_at=f"{day}T10:00:00+02:00", sector=sector)
