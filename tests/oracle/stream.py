"""Writes the lines of a stream: every event in one of its JSON spellings, every business id with its revisions."""

from tests.oracle import material

EXTRAS = [
    {"muistio": "x010594Y9032"},
    {"muistio": "990594Y903L"},
    {"syva": {"a": [1, None, {"b": True}]}},
    {"tyhja": None},
]
RETRACTED = {
    "response": "feedback",
    "feedback": "feedback",
    "invitation": "feedback",
    "contact": "contact",
    "hyte": "hyte",
    **dict.fromkeys(("service_event", "flag", "plan", "assessment", "assignment"), "care"),
}
TIES = ("revision", "time", "source", "id")


class EventLines:
    def __init__(self, r, registers, size):
        self.r, self.registers, self.size = r, registers, size
        self.lines = []
        self.units = sorted({(row["county"], row["unit"]) for row in registers.units})
        self.counties = sorted(registers.counties())[:2]
        self.people = material.persons(r, 12 + size // 15)
        self.regulars = self.people[: 6 + size // 250]  # clients with many contacts
        self.boundaries = material.boundaries(registers)
        self.stems = [stem for _, stem in registers.themes] or ["jono"]
        self.themes = [theme for theme, _ in registers.themes] or ["sujuvuus"]
        self.invitations = []  # (county, id, invited_at) to refer to
        self.serial = 0

    # building blocks

    def fresh(self, prefix):
        self.serial += 1
        choice = self.r.random()
        if choice < 0.06:
            return self.r.choice(material.ODD_IDS)
        if choice < 0.25:
            return f"sama{self.r.randint(1, 5 + self.serial // 40)}"
        return f"{prefix}{self.serial}"

    def when(self):
        return material.moment(self.r, self.boundaries)

    def unit(self, county):
        return self.r.choice([unit for where, unit in self.units if where == county])

    def maybe_client(self, data, share=0.6):
        if self.r.random() < share:
            data["client"] = self.r.choice(self.people)
        return data

    def write(self, county, type_, data, time=None, system=None, event_id=None):
        """Adds the line of an event, and sometimes the same event again in another spelling."""
        self.serial += 1
        envelope = {
            "specversion": "1.0",
            "id": event_id or f"e{self.serial}",
            "source": f"urn:hva:{county}:{system or self.r.choice(material.SYSTEMS)}",
            "type": type_,
        }
        time = time or self.when()
        for _ in range(2 if self.r.random() < 0.08 else 1):
            extra = self.r.choice([{}, {}, {"datacontenttype": "application/json"}, {"laajennus": {"a": [1]}}])
            event = envelope | {"time": material.spell_time(self.r, time), "data": self.spell_data(data)} | extra
            self.lines.append(material.spell(self.r, event))

    def spell_data(self, data):
        spelled = {}
        for name, value in data.items():
            if name in ("client", "from", "into"):
                spelled[name] = self.r.choice(value)
            elif hasattr(value, "astimezone"):
                spelled[name] = material.spell_time(self.r, value)
            else:
                spelled[name] = value
        if self.r.random() < 0.15:
            spelled |= self.r.choice(EXTRAS)
        if "client" not in data and self.r.random() < 0.1:
            spelled["client"] = None
        return spelled

    # revisions in any order, ties, retractions, events after a retraction

    def history(self, county, type_, kind, identity, first, change, ties=TIES):
        """Writes 1-4 states of one business id, with retractions between them."""
        r = self.r
        id_field = "count_id" if kind == "hyte" else f"{kind}_id"
        states, tie = [first], None
        for _ in range(r.choice([0, 0, 0, 1, 1, 2, 3])):
            states.append(change(states[-1]))
        if len(states) > 1 and r.random() < 0.45:
            tie = r.choice(ties)
        shared = self.tie(tie)
        for number, state in enumerate(states):
            self.state(county, type_, {id_field: identity} | state, number, tie, shared)
        if kind in RETRACTED and r.random() < 0.22:
            retraction = {id_field: identity}
            for _ in range(r.choice([1, 1, 2])):
                number = r.randint(0, len(states) + 1)
                self.state(county, f"fi.hva.{RETRACTED[kind]}.retracted.v1", retraction, number, tie, shared)

    def tie(self, level):
        """The envelope fields that tied states share besides the revision: all up to the named part of the order."""
        shared = {
            "time": self.when(),
            "system": self.r.choice(material.SYSTEMS),
            "event_id": f"t{self.serial}",
        }
        kept = {
            "revision": [],
            "time": ["time"],
            "source": ["time", "system"],
            "id": ["time", "system", "event_id"],
        }
        return {name: shared[name] for name in kept.get(level, [])}

    def state(self, county, type_, data, number, tie, shared):
        r = self.r
        identity = dict(shared)
        if tie == "id":  # the digest decides, so remove what it ignores
            hidden = ("client", "comment")
            data = {name: value for name, value in data.items() if name not in hidden}
            data["themes"] = list(dict.fromkeys(data["themes"])) if "themes" in data else None
            data = {name: value for name, value in data.items() if value is not None}
        elif "event_id" not in shared:
            self.serial += 1
            identity["event_id"] = f"{r.choice(material.TIED_IDS)}{self.serial}"
        revision = 7 if tie else r.choice([number + 1, number + 1, r.randint(1, 5), 10 ** r.randint(1, 12)])
        if tie or revision > 1 or r.random() < 0.5:
            data = data | {"revision": revision}
        self.write(county, type_, data, **identity)
