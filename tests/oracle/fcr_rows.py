"""The columns of a row, computed from the contacts of its cell by the formulas of docs/figures.md."""

from math import ceil, inf

from tests.oracle.fcr_contacts import ANSWERING, FIRST_LINE
from tests.oracle.rows import share

BOUNDS = (10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400, inf)
DIGITAL = ("phone", "chat", "sms", "digital_booking")


def first_line(contacts):
    """The contacts of the views fcr, fcr_confirmed and fcr_client."""
    return [c for c in contacts if c.handled and c.channel in FIRST_LINE]


def fcr_row(contacts):
    handled = first_line(contacts)
    with_outcome = sum(c.outcome is not None for c in handled)
    resolved = sum(c.resolved for c in handled)
    resolvable = sum(c.resolvable for c in handled)
    return {
        "handled": len(handled),
        "with_outcome": with_outcome,
        "resolved": resolved,
        "resolvable": resolvable,
        "gross": share(resolved, with_outcome),
        "net": share(resolved, resolvable),
        "outcome_coverage": share(with_outcome, len(handled)),
    }


def confirmed_row(contacts, repeated, repeating):
    """`repeated`: contacts with a repeat within the window. `repeating`: contacts that repeat another."""
    handled = first_line(contacts)
    linkable = [c for c in handled if c.linkable]
    with_outcome = sum(c.outcome is not None for c in linkable)
    confirmed = sum(c.resolved and c not in repeated for c in linkable)
    repeats = sum(c in repeating for c in linkable)
    return {
        "handled": len(handled),
        "linkable": len(linkable),
        "linkable_with_outcome": with_outcome,
        "confirmed": confirmed,
        "fcr_confirmed": share(confirmed, with_outcome),
        "linkable_share": share(len(linkable), len(handled)),
        "repeats": repeats,
        "repeat_rate": share(repeats, len(linkable)),
    }


def client_row(contacts, repeated):
    first = {}
    for contact in first_line(contacts):
        if contact.linkable:
            found = first.get(contact.person, contact)
            first[contact.person] = min(found, contact, key=lambda c: c.position)
    not_repeated = sum(c not in repeated for c in first.values())
    return {"clients": len(first), "clients_not_repeated": not_repeated, "fcr_client": share(not_repeated, len(first))}


def access_row(contacts, as_of):
    contacts = [c for c in contacts if c.channel in ANSWERING]
    handled = [c for c in contacts if c.handled]
    early = sum(c.early for c in contacts)
    offered = len(contacts) - early
    direct = sum(c.data.get("answer_mode") == "direct" for c in handled)
    callback = sum(c.data.get("answer_mode") == "callback" for c in handled)
    requested = sum(c.callback_requested for c in contacts)
    same_day = sum(c.callback_same_day for c in contacts)
    promised = [c for c in contacts if not c.early and c.due and (c.first_response or c.due <= as_of)]
    kept = sum(c.first_response is not None and c.first_response <= c.due for c in promised)
    waits = [wait_bound(c) for c in contacts if c.first_response]
    transfers = sum(c.transfers for c in handled)
    bounced = sum(c.transfers >= 2 for c in handled)
    return {
        "inbound": len(contacts),
        "early": early,
        "handled": len(handled),
        "answered_share": share(len(handled), offered),
        "direct": direct,
        "direct_share": share(direct, offered),
        "callback": callback,
        "callback_share": share(callback, offered),
        "callback_requested": requested,
        "callback_same_day": same_day,
        "callback_same_day_share": share(same_day, requested),
        "with_promise": len(promised),
        "promise_kept": kept,
        "promise_kept_share": share(kept, len(promised)),
        "waits": len(waits),
        "wait_p50": quantile(waits, 5),
        "wait_p90": quantile(waits, 9),
        "transfers": transfers,
        "transfers_mean": share(transfers, len(handled)),
        "bounced": bounced,
        "bounce_rate": share(bounced, len(handled)),
    }


def wait_bound(contact):
    """The upper bound, in seconds, of the histogram bucket of a waiting time; a value equal to the bound is inside."""
    waited = max(contact.first_response - contact.started_at, contact.started_at - contact.started_at)
    return next(float(bound) for bound in BOUNDS if waited.total_seconds() <= bound)


def quantile(values, tenths):
    """The ceil(q n)-th smallest value. q is in tenths, so that floating-point rounding cannot raise the rank."""
    return sorted(values)[ceil(tenths * len(values) / 10) - 1] if values else None


def digital_row(contacts):
    row = {channel: sum(c.channel == channel for c in contacts) for channel in DIGITAL}
    return row | {"digital_share": share(row["chat"] + row["digital_booking"], sum(row.values()))}


def guidance_row(contacts):
    return {"count": sum(c.handled and c.hyte for c in contacts)}


def revolving_row(contacts, revolving):
    handled = [c for c in contacts if c.handled and c.person is not None]
    clients = {c.person for c in handled}
    again = {c.person for c in handled if c in revolving}
    index = share(len(again), len(clients))
    return {
        "clients": len(clients),
        "revolving_clients": len(again),
        "index": None if index is None else 100 * index,
    }
