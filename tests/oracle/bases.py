"""Valid events to break."""

import json
from datetime import date

from tests.oracle import material

SOMEONE = material.hetu(date(1998, 12, 5), "-", 977)


class Bases:
    """Valid events to break. Their high revisions would change figures if they were accepted."""

    def __init__(self, stream):
        self.stream = stream

    def event(self, type_, fields, /, **envelope):
        stream = self.stream
        stream.serial += 1
        county = stream.counties[stream.serial % 2]
        data = {"revision": 900 + stream.serial % 50} | fields
        if data.get("unit") == "some unit":
            data["unit"] = stream.unit(county)
        right = {
            "specversion": "1.0",
            "id": f"h{stream.serial}",
            "source": f"urn:hva:{county}:acd",
            "type": type_,
        }
        right |= {"time": material.spell_time(stream.r, stream.when()), "data": data} | envelope
        return {name: value for name, value in right.items() if value != "left out"}

    def identity(self, prefix):
        return f"sama{self.stream.r.randint(1, 9)}" if self.stream.r.random() < 0.5 else self.stream.fresh(prefix)

    def answered(self, fields=None, /, **envelope):
        base = {"response_id": self.identity("res"), "unit": "some unit", "channel": "sms"}
        base |= {
            "answered_at": "2025-10-26T03:30:00+02:00",
            "answers": [{"question": "recommend", "value": 0}],
        }
        return self.event("fi.hva.feedback.answered.v1", override(base, fields), **envelope)

    def given(self, fields=None, /, **envelope):
        base = {"feedback_id": self.identity("fee"), "unit": "some unit", "channel": "web"}
        base |= {"given_at": "2025-12-31T23:59:59+02:00", "kind": "complaint"}
        return self.event("fi.hva.feedback.given.v1", override(base, fields), **envelope)

    def invited(self, fields=None, /, **envelope):
        base = {"invitation_id": self.identity("inv"), "unit": "some unit", "channel": "sms"}
        base |= {"invited_at": "2025-03-30T12:00:00+03:00", "delivered": True}
        return self.event("fi.hva.feedback.invited.v1", override(base, fields), **envelope)

    def contact(self, fields=None, /, **envelope):
        base = {
            "contact_id": self.identity("con"),
            "unit": "some unit",
            "line": "terveys",
            "channel": "phone",
        }
        base |= {"started_at": "2026-01-01T00:00:00+02:00"}
        return self.event("fi.hva.contact.recorded.v1", override(base, fields), **envelope)

    def flag(self, fields=None, /, **envelope):
        base = {"flag_id": self.identity("fla"), "client": {"local_id": "A1"}, "valid_from": "2025-05-01"}
        return self.event("fi.hva.care.common-client.v1", override(base, fields), **envelope)

    def hyte(self, fields=None, /, **envelope):
        base = {
            "count_id": self.identity("hyt"),
            "unit": "some unit",
            "kind": "tray_visit",
            "counted_on": "2025-05-01",
            "count": 3,
        }
        return self.event("fi.hva.hyte.counted.v1", override(base, fields), **envelope)

    def retracted(self, data, stream="feedback"):
        return self.event(f"fi.hva.{stream}.retracted.v1", data)


def override(base, fields):
    return {name: value for name, value in (base | (fields or {})).items() if value != "left out"}


def dump(event):
    return json.dumps(event, ensure_ascii=False).encode("utf-8")
