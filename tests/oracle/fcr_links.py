"""Repeats and revolving clients (docs/figures.md), found by comparing every pair of contacts."""

from collections import defaultdict
from datetime import timedelta
from itertools import permutations

from tests.oracle.fcr_contacts import DAY

WINDOWS = (1, 7, 30)
REVOLVING_CONTACTS, REVOLVING_DAYS = 3, 30


class Links:
    """`repeated` and `repeating`: window -> contacts; `revolving`: handled contacts, each the k-th within W."""

    def __init__(self, contacts):
        self.repeated = {days: set() for days in WINDOWS}
        self.repeating = {days: set() for days in WINDOWS}
        for group in grouped(contacts, lambda c: c.link_key):
            for earlier, later in permutations(group, 2):
                for days in WINDOWS:
                    if repeats(later, earlier, days):
                        self.repeated[days].add(earlier)
                        self.repeating[days].add(later)
        self.revolving = {
            contact
            for group in grouped([c for c in contacts if c.handled], lambda c: c.person)
            for contact in group
            if revolves(contact, group)
        }


def grouped(contacts, key):
    """Groups of contacts with the same key; contacts without a key are left out."""
    groups = defaultdict(list)
    for contact in contacts:
        if key(contact) is not None:
            groups[key(contact)].append(contact)
    return groups.values()


def repeats(r, c, days):
    """Whether R repeats C within a window of days; both are counted and share their link key."""
    return c.handled and not r.planned and r.position > c.position and r.started_at - c.end <= days * DAY


def revolves(r, handled_of_client):
    within = [c for c in handled_of_client if timedelta(0) <= r.started_at - c.started_at < REVOLVING_DAYS * DAY]
    return len(within) >= REVOLVING_CONTACTS
