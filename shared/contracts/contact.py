"""Data of the contact stream. docs/events.md describes the fields."""

from typing import Literal

from shared.contracts.types import Code, Count, Data, Day, Id, Instant, Pseudonym


class Contact(Data):
    """A contact with the first line, with everything that has happened in it so far."""

    contact_id: Id
    unit: Code
    line: Code
    channel: Literal["phone", "chat", "sms", "digital_booking", "other"]
    direction: Literal["inbound", "outbound"] = "inbound"
    started_at: Instant
    answered_at: Instant | None = None
    ended_at: Instant | None = None
    answer_mode: Literal["direct", "callback"] | None = None
    callback_requested_at: Instant | None = None
    callback_first_attempt_at: Instant | None = None
    callback_reached_at: Instant | None = None
    promised_by: Instant | None = None
    abandoned: bool = False
    excluded: Literal["test", "spam", "wrong_number", "internal"] | None = None
    client: Pseudonym | None = None
    reason: Code | None = None
    outcome: Code | None = None
    classification: Code | None = None
    transfers: Count = 0
    planned: bool = False


class ContactRetracted(Data):
    """Retracts one contact."""

    contact_id: Id


class HyteCounted(Data):
    """A count of welfare and health promotion work on one local day, entered by hand."""

    count_id: Id
    unit: Code
    kind: Literal["tray_visit", "exercise_referral", "digital_path_coaching"]
    counted_on: Day
    count: Count


class HyteRetracted(Data):
    """Retracts one count."""

    count_id: Id
