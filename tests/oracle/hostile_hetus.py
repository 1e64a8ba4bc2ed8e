"""Personal identity codes: invalid ones, ones where none may be, and texts that only look like one."""

from datetime import date

from tests.oracle import material
from tests.oracle.bases import SOMEONE, dump

HYPHENED = material.hetu(date(1994, 5, 1), "-", 977)
INVALID_HETUS = [
    "",
    "123",
    "0105949032",
    "010594Z9032",
    "010594G9032",
    "310294-9018",
    "000000-0000",
    "051298-9770",
    "05 1298-977P",
    f"{SOMEONE}\x00",
    SOMEONE + SOMEONE,
    "ABCDEF-GHIJ",
    "\u0660\u0661\u0660\u0665\u0669\u0664-9032",
    material.full_width("310294-9018"),
    "010594\u20169032",
    "010594~9032",
    f"\u2010{SOMEONE}",
    f"{SOMEONE}\u2460",
    material.hetu(date(2099, 12, 31), "F", 999),
]
EMBEDDED_HETUS = [
    SOMEONE,
    SOMEONE.lower(),
    f"asiakas {SOMEONE} soitti",
    f"_{SOMEONE}_",
    f"123456-1234, {SOMEONE}",
    "010594Y9032\u0301",
    *(HYPHENED.replace("-", chr(dash)) for dash in (*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63, 0xFF0D)),
    f"tunnus {HYPHENED[:6]}\u2013{HYPHENED[7:].lower()}, ei muuta",
    material.full_width(SOMEONE),
    material.full_width(SOMEONE.lower()),
    f"\u00e4 {material.full_width(SOMEONE[:6])}{SOMEONE[6:]}",
    SOMEONE.translate({ord("0") + n: 0x2070 + n for n in (0, 4, 5, 9)}),
    f"\u2776{SOMEONE}",
    material.hetu(date(1998, 2, 28), "+", 977).replace("280298", "280298"),
    f"010101+{SOMEONE}",
    # Not a real date, but a day of 01-31, a month of 01-12 and the right check character.
    "310294-977" + material.CHECK[310294977 % 31],
]
# Similar, but next to a letter or digit of some script, or with an impossible day, month or check character.
NEAR_HETUS = [
    f"x{SOMEONE}",
    f"{SOMEONE}ä",
    f"\u0430{SOMEONE}",
    f"{SOMEONE}\u0661",
    f"1{SOMEONE}",
    "990594Y903L",
    "051298-9770",
    "051398-977" + material.CHECK[51398977 % 31],
    SOMEONE.replace("-", "G"),
    HYPHENED.replace("-", "\u2016"),
    # After NFKC next to a letter or digit: from a superscript, a circle, a Roman numeral, a combining mark.
    f"\u00b2{SOMEONE}",
    f"{SOMEONE}\u2460",
    f"\u2167{SOMEONE}",
    f"a\u0308{SOMEONE}",
    "020594X903P\u0301",
    f"{HYPHENED}\uff11".replace("-", "\u2011"),
    f"{material.full_width('x')}{SOMEONE}",
    material.full_width("010594Y9033"),
]


def misplaced_hetus(bases):
    """Lines as (reason or None for accepted, line)."""
    for value in INVALID_HETUS:
        yield "personal_id", dump(bases.answered({"client": {"hetu": value}}))
    for value in EMBEDDED_HETUS:
        yield "personal_id", dump(bases.given({"muistio": value}))
    for value in NEAR_HETUS:
        yield None, dump(bases.given({"muistio": value, value: [value]}))
    for data in (
        {"response_id": SOMEONE},
        {"client": {"local_id": SOMEONE}},
        {"client": {"local_id": "A1", "nimi": SOMEONE}},
        {"lisa": {"syva": [1, {SOMEONE: None}]}},
        {"answers": [{"question": SOMEONE, "value": 1}]},
        {"question_set": SOMEONE},
    ):
        yield "personal_id", dump(bases.answered(data))
    yield "personal_id", dump(bases.contact(id=f"tap-{SOMEONE}"))
    yield "personal_id", dump(bases.contact(subject=SOMEONE))
    yield "personal_id", dump(bases.contact(**{SOMEONE: 1}))
    merge = {"merge_id": "m1", "from": {"hetu": SOMEONE}, "into": {"hetu": "010594Z9032"}}
    yield "personal_id", dump(bases.event("fi.hva.client.merged.v1", merge))
    yield (
        None,
        dump(bases.answered({"comment": f"tunnus {SOMEONE}", "client": {"hetu": f"\t{SOMEONE.lower()} "}})),
    )
    hidden = {"client": {"hetu": material.full_width(SOMEONE)}, "muistio": material.full_width(SOMEONE)}
    yield "personal_id", dump(bases.answered(hidden))
