"""A counted contact, with everything that first-contact figures need."""

from datetime import timedelta
from functools import cached_property

from tests.oracle.registers import local_date

DAY = timedelta(hours=24)
FIRST_LINE = ("phone", "chat")
ANSWERING = ("phone", "chat", "sms")


class Contact:
    """One inbound contact that is not excluded. Contacts compare by object identity."""

    def __init__(self, event, facts, registers, label):
        data = event.data
        self.id, self.county = event.id, event.county
        self.unit, self.line, self.channel = data["unit"], data["line"], data["channel"]
        self.started_at, self.day = data["started_at"], local_date(data["started_at"])
        self.person = None if event.client is None else facts.person(event.client)
        self.segment = label(event.county, event.client, self.day)
        self.outcome, self.transfers, self.planned = data.get("outcome"), data["transfers"], data["planned"]
        flags = registers.flags(self.outcome, data.get("classification"))
        self.resolved, self.resolvable, self.hyte = (
            flags.get(name) == "true" for name in ("resolved", "first_line_resolvable", "hyte")
        )
        self.due = data.get("promised_by") or registers.due(event.county, self.line, self.channel, self.started_at)
        self.data = data

    @cached_property
    def handled(self):
        answered = "answered_at" in self.data or "callback_reached_at" in self.data
        return self.channel in ANSWERING and answered

    @cached_property
    def link_key(self):
        """The key that a contact shares with its repeats, or None if it is not linkable."""
        reason = self.data.get("reason")
        return None if self.person is None or reason is None else (self.county, self.person, self.line, reason)

    @property
    def linkable(self):
        return self.link_key is not None

    @property
    def position(self):
        """The sort key that orders contacts in time."""
        return (self.started_at, self.id)

    @cached_property
    def end(self):
        ended_at = self.data.get("ended_at")
        if ended_at is None:
            return self.started_at
        return min(ended_at, self.started_at + DAY)

    @cached_property
    def early(self):
        """Whether it was abandoned within five seconds."""
        ended_at = self.data.get("ended_at")
        if not self.data["abandoned"] or self.handled or ended_at is None:
            return False
        return ended_at <= self.started_at + timedelta(seconds=5)

    @cached_property
    def first_response(self):
        names = ("answered_at", "callback_first_attempt_at", "callback_reached_at")
        return min((self.data[name] for name in names if name in self.data), default=None)

    @property
    def callback_requested(self):
        return "callback_requested_at" in self.data

    @cached_property
    def callback_same_day(self):
        if not self.callback_requested or "callback_reached_at" not in self.data:
            return False
        requested, reached = self.data["callback_requested_at"], self.data["callback_reached_at"]
        return local_date(requested) == local_date(reached)


def counted_contacts(facts, registers, label):
    """Every counted contact, of any channel."""
    return [
        Contact(event, facts, registers, label)
        for event in facts.of("contact")
        if event.data["direction"] == "inbound" and "excluded" not in event.data
    ]
