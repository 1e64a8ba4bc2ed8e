"""The winning event of every business id, and the persons that merges make."""

from collections import defaultdict


class Facts:
    """The live facts of every kind, the components of merges, and the erased clients.

    Without `merges` every client is a separate person.
    """

    def __init__(self, accepted, erasures=False, merges=True):
        accepted = list(accepted)
        erased = {e.client for e in accepted if e.kind == "erasure"} if erasures else set()
        self.erased = erased
        self.live = {
            key: event
            for key, event in winners(accepted).items()
            if not event.retracted and (event.kind == "erasure" or event.client not in erased)
        }
        self.person_of = components([e.data for e in self.of("merge")]) if merges else {}

    def of(self, kind):
        return [event for (_, found, _), event in self.live.items() if found == kind]

    def get(self, county, kind, identity):
        return self.live.get((county, kind, identity))

    def client(self, event):
        """The client of a fact; a response without one has the client of its live invitation."""
        if event.client is not None or event.kind != "response":
            return event.client
        invitation = self.get(event.county, "invitation", event.data.get("invitation_id"))
        return invitation.client if invitation else None

    def person(self, client):
        """The common name of all clients that merges make one person."""
        return self.person_of.get(client, client)


def current(accepted, erasures=False, merges=True):
    return Facts(accepted, erasures, merges)


def winners(accepted):
    """(county, kind, id) -> the event with the greatest order, retractions included."""
    best = {}
    for event in accepted:
        if event.key not in best or event.order > best[event.key].order:
            best[event.key] = event
    return best


def conflicts(accepted):
    """Keys with events of equal revision and different content -> the number of different contents."""
    contents = defaultdict(set)
    for event in accepted:
        contents[event.key, event.revision].add((event.type, event.order[-1], event.client))
    return {key: len(found) for key, found in contents.items() if len(found) > 1}


def components(merges):
    """client -> the name of its connected component."""
    neighbours = defaultdict(set)
    for merge in merges:
        neighbours[merge["from"]].add(merge["into"])
        neighbours[merge["into"]].add(merge["from"])
    component_of = {}
    for client in neighbours:
        reached, waiting = {client}, [client]
        while waiting:
            waiting += [other for other in neighbours[waiting.pop()] if other not in reached]
            reached |= set(waiting)
        component_of[client] = min(reached)
    return component_of
