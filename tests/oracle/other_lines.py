"""Contacts, care and persons: plain company for the feedback stream, with the same clients and ids."""

from datetime import date, timedelta

from tests.oracle.corrections import changer
from tests.oracle.registers import local_date


def contact(stream):
    r = stream.r
    county, started_at = r.choice(stream.counties), stream.when()
    first = {
        "unit": stream.unit(county),
        "line": r.choice(["terveys", "sosiaali", "116117", "outo linja"]),
        "channel": r.choice(["phone", "phone", "chat", "sms", "digital_booking", "other"]),
        "started_at": started_at,
    }
    if r.random() < 0.7:
        first["answered_at"] = started_at + timedelta(seconds=r.randint(0, 4000))
        first["ended_at"] = first["answered_at"] + timedelta(seconds=r.randint(0, 900))
    if r.random() < 0.6:
        first |= {
            "reason": r.choice(["kipu", "aika"]),
            "outcome": r.choice(["hoidettu", "siirretty", "outo"]),
        }
    stream.history(
        county,
        "fi.hva.contact.recorded.v1",
        "contact",
        stream.fresh("con"),
        stream.maybe_client(first),
        changer(stream, county),
    )


def care(stream):
    r = stream.r
    county, person, day = r.choice(stream.counties), r.choice(stream.people), local_date(stream.when())
    validity = {
        "valid_from": day.isoformat(),
        "valid_to": (day + timedelta(days=r.randint(1, 90))).isoformat(),
    }
    unit = {"unit": stream.unit(county)}
    type_, id_field, data = r.choice(
        [
            (
                "service-event",
                "service_event_id",
                unit
                | {
                    "sector": r.choice(["vastaanotto", "tyoikaiset", "iakkaat"]),
                    "occurred_at": stream.when(),
                },
            ),
            ("common-client", "flag_id", validity),
            ("plan", "plan_id", {"valid_from": day.isoformat(), "valid_to": None}),
            (
                "suuntima",
                "assessment_id",
                unit
                | {
                    "assessed_at": stream.when(),
                    "result": r.choice(["omatoimi", "verkosto"]),
                    "battery": "risk",
                },
            ),
            ("segment", "assignment_id", validity | {"scheme": "oma", "segment": "monialainen"}),
        ]
    )
    identity = stream.fresh("care")
    stream.write(county, f"fi.hva.care.{type_}.v1", {id_field: identity, "client": person} | data)
    if r.random() < 0.15:
        stream.write(county, "fi.hva.care.retracted.v1", {id_field: identity, "revision": r.randint(1, 3)})


def persons(stream):
    r = stream.r
    county = r.choice(stream.counties)
    if r.random() < 0.85:
        data = {
            "merge_id": stream.fresh("mer"),
            "from": r.choice(stream.people),
            "into": r.choice(stream.people),
        }
        stream.write(county, "fi.hva.client.merged.v1", data)
    else:
        stream.write(
            county,
            "fi.hva.client.erased.v1",
            {"erasure_id": stream.fresh("era"), "client": r.choice(stream.people)},
        )
    if r.random() < 0.3:
        counted = {
            "count_id": stream.fresh("hyt"),
            "unit": stream.unit(county),
            "kind": "tray_visit",
            "count": r.randint(0, 9),
        }
        stream.write(
            county,
            "fi.hva.hyte.counted.v1",
            counted | {"counted_on": date(2025, 12, r.randint(1, 31)).isoformat()},
        )
