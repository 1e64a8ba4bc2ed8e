"""Care events of clients of many services, at the edges of time windows, and other grounds of membership."""

from datetime import timedelta

from tests.oracle.contact_lines import merged_client
from tests.oracle.registers import local_date
from tests.oracle.stream import TIES

BOTH = ["vastaanotto", "erikoissairaanhoito", "lapsiperheet", "tyoikaiset", "iakkaat", "outo-ala"]
CLASSES = ["visit", "home_visit", "remote", "inpatient_day", "group", "other"]
STATUSES = ["done", "done", "done", "done", "cancelled", "no_show"]
INTERVALS = [0, 0, 1, 30, 180, 363, 364, 365, 366]  # days; the window of three sectors has 365
RESULTS = ["omatoimi", "yhteistyo", "yhteiso", "verkosto", "verkosto", "verkosto"]
ENDS = [1, 7, 90, 364, 365, 366, 800]
WITH_CLIENT = TIES[:-1]  # a tie up to the digest leaves the client out, which care cannot


def career(stream):
    """Done service events of one person in several sectors, the last at the edge of a window."""
    r, county, person = stream.r, stream.r.choice(stream.counties), stream.r.choice(stream.people)
    started_at, known = stream.when(), [person]
    if r.random() < 0.2:
        known.append(merged_client(stream, county, person))
    for sector in r.sample(BOTH, r.randint(2, 4)):
        at = started_at - timedelta(days=r.choice(INTERVALS), microseconds=r.randint(0, 1))
        first = {
            "client": r.choice(known),
            "unit": stream.unit(county),
            "sector": sector,
            "event_class": r.choice(CLASSES),
            "occurred_at": at,
            "status": r.choice(STATUSES),
        }
        write_history(stream, county, "service-event", "service_event", first)


def grounds(stream):
    """A flag, a plan, an assignment, or some assessments of one person."""
    r, county, person = stream.r, stream.r.choice(stream.counties), stream.r.choice(stream.people)
    kind = r.choice(["flag", "plan", "assignment", "assessment"])
    if kind == "assessment":
        assessments(stream, county, person)
        return
    first = local_date(stream.when())
    data = {"client": person, "valid_from": first.isoformat()}
    if r.random() < 0.7:
        data["valid_to"] = (first + timedelta(days=r.choice(ENDS))).isoformat()
    if kind == "assignment":
        data |= {"scheme": r.choice(["oma", "oma", "muu"]), "segment": r.choice(["monialainen", "satunnainen"])}
    write_history(stream, county, {"flag": "common-client", "plan": "plan", "assignment": "segment"}[kind], kind, data)


def assessments(stream, county, person):
    """Successive assessments: at the same time, on the same day, or when the previous one has just expired."""
    r, at = stream.r, stream.when()
    for _ in range(r.choice([1, 2, 3])):
        data = {
            "client": person,
            "unit": stream.unit(county),
            "assessed_at": at,
            "result": r.choice(RESULTS),
            "battery": r.choice(["functioning", "illness", "social", "risk"]),
        }
        if r.random() < 0.7:
            data["sex"] = r.choice(["woman", "man", "other", "unknown"])
        write_history(stream, county, "suuntima", "assessment", data)
        at = at - timedelta(days=r.choice([0, 0, 1, 364, 365, 366]), hours=r.choice([0, 3]))


def write_history(stream, county, type_, kind, first):
    """The history of one fact; a correction may move it to another person, day, sector, unit or state."""
    r = stream.r

    def change(state):
        makers = {
            "client": lambda: r.choice(stream.people),
            "unit": lambda: stream.unit(county),
            "sector": lambda: r.choice(BOTH),
            "status": lambda: r.choice(STATUSES),
            "occurred_at": stream.when,
            "assessed_at": stream.when,
            "result": lambda: r.choice(RESULTS),
            "segment": lambda: "monialainen",
        }
        names = r.sample([name for name in state if name in makers], 1)
        changed = state | {name: makers[name]() for name in names}
        if "valid_to" in changed and r.random() < 0.5:
            del changed["valid_to"]
        return changed

    stream.history(county, f"fi.hva.care.{type_}.v1", kind, stream.fresh("care"), first, change, WITH_CLIENT)
