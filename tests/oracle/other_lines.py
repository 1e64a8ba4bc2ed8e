"""Plain care, merge and erasure events with the same clients and ids as the other streams."""

from datetime import timedelta

from tests.oracle.registers import local_date


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
    county, people = r.choice(stream.counties), r.choice([stream.people, stream.regulars])
    if r.random() < 0.85:
        data = {
            "merge_id": stream.fresh("mer"),
            "from": r.choice(people),
            "into": r.choice(people),
        }
        stream.write(county, "fi.hva.client.merged.v1", data)
    else:
        stream.write(
            county,
            "fi.hva.client.erased.v1",
            {"erasure_id": stream.fresh("era"), "client": r.choice(stream.people)},
        )
