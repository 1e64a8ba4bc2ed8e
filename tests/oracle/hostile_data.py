"""Invalid values of the fields of `data`, with their reasons (None where the value is accepted after all)."""

from tests.oracle.bases import SOMEONE, dump


def broken_data(bases):
    """Invalid values in the fields of a response."""
    for name in ("response_id", "unit", "channel", "answered_at", "answers"):
        for value in ("left out", None, 7, {}, ""):
            yield "schema", dump(bases.answered({name: value}))
    for question, value in (
        *(("recommend", value) for value in (-1, 11, 8.5, "9", True, None, [9])),
        *(("useful", value) for value in (0, 6, 1.5, False)),
        *(("thl_safe", value) for value in (-1, 6)),
        *(("pei_cope_illness", value) for value in ("worse", 2, "Better")),
        ("oma_kysymys", 0),
        ("all", 5),
        ("-", 5),
        ("", 5),
        ("x" * 201, 5),
    ):
        yield "schema", dump(bases.answered({"answers": [{"question": question, "value": value}]}))
    once = {"question": "useful", "value": 5}
    for answers in (
        [once, once],
        [once | {"value": 4}, once],
        [{"question": "useful"}],
        [{"value": 5}],
        ["useful"],
        [None],
    ):
        yield "schema", dump(bases.answered({"answers": answers}))
    for name, values in {
        "channel": ["fax", "SMS", ["sms"]],
        "respondent": ["neighbour", 1],
        "age_group": ["19+"],
        "language": ["ru"],
        "question_set": ["all", "", 5, "a\0b"],
        "has_comment": ["true", 1],
        "comment": [5, {}],
        "invitation_id": ["", 5, "x" * 201, "a\0b"],
        "served_at": [
            "eilen",
            "2026-03-01 12:00:00Z",
            "2026-03-01T24:00:00Z",
            "2026-03-01T12:00:00+24:00",
            0,
        ],
        "revision": [0, -1, 1.5, "2", True],
        "client": ["A1", [], {}, {"hetu": None}, {"local_id": ""}, {"local_id": 7}, {"pid": "ei"}],
    }.items():
        for value in values:
            yield "schema", dump(bases.answered({name: value}))


def other_fields(bases):
    right_pid = "k1.AAAAAAAAAAAAAAAAAAAAAA"
    for person in (
        {"hetu": SOMEONE, "local_id": "A1"},
        {"pid": right_pid, "local_id": "A1"},
        {"pid": right_pid + "A"},
        {"pid": right_pid.replace("A.", "A.=")[:-1]},
        {"pid": right_pid[:-2] + "=="},
        {"local_id": "A1", "system": "Acd"},
        {"local_id": "A1", "system": ""},
        {"local_id": "x" * 201},
    ):
        yield "schema", dump(bases.invited({"client": person}))
    yield "schema", dump(bases.invited({"delivered": "yes"}))
    yield "schema", dump(bases.invited({"delivered": "left out"}))
    for name, values in {
        "kind": ["praise", "all", "left out"],
        "themes": ["sujuvuus", [1], ["all"], ["-"], [""], {"a": 1}, [None]],
        "wants_reply": [0, "no"],
        "replied_at": ["2026-02-29T12:00:00Z", "2026-03-01T12:00:00+0200", "26-03-01T12:00:00Z"],
        "given_at": [
            "2026-03-01T12:00Z",
            "2026-03-01T12:00:00.Z",
            "\u0662\u0660\u0662\u0665-03-01T12:00:00Z",
        ],
        "unit": ["all", "-"],
    }.items():
        for value in values:
            yield "schema", dump(bases.given({name: value}))
    for data in (
        {},
        {"response_id": "x", "feedback_id": "x"},
        {"contact_id": "x"},
        {"response_id": "x", "revision": 0},
    ):
        yield "schema", dump(bases.retracted(data))
    yield None, dump(bases.retracted({"response_id": "ei-ole", "feedback_id": None, "contact_id": "x"}))
    yield "schema", dump(bases.retracted({"erasure_id": "x"}, "care"))
    yield "schema", dump(bases.retracted({"count_id": "x"}, "contact"))
    yield "schema", dump(bases.retracted({"contact_id": "x"}, "hyte"))
    yield None, dump(bases.retracted({"contact_id": "ei-ole", "count_id": "x"}, "contact"))
    for data in (
        {"line": "all"},
        {"transfers": -1},
        {"outcome": "-"},
        {"reason": ""},
        {"channel": "web"},
        {"excluded": "x"},
        {"excluded": "all"},
        {"line": "left out"},
        {"started_at": "left out"},
        {"started_at": "2026-01-01T00:00:00"},
        {"direction": "in"},
        {"answer_mode": "later"},
        {"abandoned": "true"},
        {"planned": 1},
        {"transfers": 1.5},
        {"transfers": "1"},
        {"transfers": True},
        {"classification": "all"},
        {"classification": 2026},
        {"promised_by": "huomenna"},
    ):
        yield "schema", dump(bases.contact(data))
    for data in (
        {"count": -1},
        {"count": 1.5},
        {"kind": "other"},
        {"kind": "first_line_guidance"},
        {"counted_on": "2025-05-01T00:00:00Z"},
        {"counted_on": "2026-02-30"},
        {"count": "left out"},
    ):
        yield "schema", dump(bases.hyte(data))
    for valid_to in ("2025-05-01", "2025-04-30", "20250601", "2025-05-02T00:00:00Z"):
        yield "schema", dump(bases.flag({"valid_to": valid_to}))
    yield None, dump(bases.flag({"valid_to": "2099-01-01"}))
