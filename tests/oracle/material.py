"""The building blocks of adversarial streams: clients, ids, boundary instants, comments, JSON spellings."""

import json
import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone

from tests.oracle.registers import local_date, midnight

FIRST, LAST = date(2025, 2, 1), date(2026, 5, 15)
TICK = timedelta(microseconds=1)
CHECK = "0123456789ABCDEFHJKLMNPRSTUVWXY"
# Ids that sort differently by code point, UTF-16 unit, NFD or ASCII order.
TIED_IDS = [
    "a",
    "b",
    "B",
    "Z",
    "\u00e5",
    "a\u030a",
    "\ue000",
    "\uffff",
    "\U00010000",
    "\U0001f600",
    "~",
    "a b",
]
ODD_IDS = [
    "all",
    "-",
    " ",
    "\t",
    'a"b\\c',
    "\u2028",
    "\uffff",
    "\U0001f600",
    "e\u0301",
    "\u00e9",
    "A",
    "a",
    "x" * 200,
]
CHANNELS = ["sms", "device", "web", "app", "phone", "paper", "chat", "other"]
CONTACT_CHANNELS = ["phone", "phone", "phone", "chat", "chat", "sms", "sms", "digital_booking", "other"]
LINES = ["terveys", "terveys", "sosiaali", "116117", "hammas", "outo linja", "feedback"]
REASONS = ["kipu", "aika", "e\u0301", "\u00e9"]
HYTE_KINDS = ["tray_visit", "exercise_referral", "digital_path_coaching"]
SYSTEMS = ["palaute", "acd", "lifecare", "mediatri", "0-9"]
OFFSETS = [0, 0, 60, 120, 180, 330, 540, -300, -690, 840, -720]
BLANK_COMMENTS = [
    "",
    " ",
    "\u2028\u2029",
    "\u00a0\t\n",
    "\u3000\u1680",
    "\u0085\u000b\u000c",
    "\u2007\u202f\u205f",
]
# None of these is only Unicode white space, though some look like it. A comment may contain a NUL and a HETU.
NON_BLANK_COMMENTS = [
    "ok",
    "\u200b",
    "\u001c",
    "\u001f ",
    "\ufeff",
    "\u180e",
    "\u2060",
    "\u0301",
    "a\u0000b",
    "tunnus on 010594Y9032 muista",
    "rivi\u2028toinen\r\nkolmas",
    '\U0001f600 åäö "lainaus"',
]


def hetu(born, separator, number):
    digits = born.strftime("%d%m%y")
    return f"{digits}{separator}{number:03}{CHECK[int(f'{digits}{number:03}') % 31]}"


def persons(r, count):
    """Clients as upstream might write them; each is a list of spellings of the same client."""
    people = [spellings(hetu(date(1994, 5, 1), separator, 903)) for separator in "-YXWVU"]
    while len(people) < count:
        kind = r.choice(["hetu", "hetu", "local_id", "pid"])
        if kind == "hetu":
            year = r.randint(1900, 2019)
            born = date(year, r.randint(1, 12), r.randint(1, 28))
            people.append(spellings(hetu(born, r.choice("ABCDEF" if year >= 2000 else "-YXWVU"), r.randint(900, 999))))
        elif kind == "local_id":
            person = {"local_id": r.choice([f"A{r.randint(1, 60)}", "A-1", "\U0001f600", "all", "-"])}
            people.append([person | {"system": r.choice(SYSTEMS)}] if r.random() < 0.5 else [person])
        else:
            alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
            pid = "".join(r.choices(alphabet, k=21)) + r.choice("AQgw")
            people.append([{"pid": f"k{r.randint(1, 2)}.{pid}"}])
    return people


def full_width(value):
    """The text in full-width characters, as East Asian keyboards and some forms produce it."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in value)


def spellings(code):
    plain = {"hetu": code}
    return [
        plain,
        {"hetu": f" {code.lower()}\t"},
        plain | {"local_id": None, "pid": None, "nimi_tuntematon": "x"},
        {"hetu": f"\u3000{full_width(code)}\u00a0"},
        {"hetu": code.replace("-", "\u2011").replace("+", "\uff0b")},
        {"hetu": full_width(code[:6]).lower() + code[6:].replace("-", "\u2212").lower()},
    ]


def boundaries(registers):
    """Instants at which something changes: periods, DST, register and promise rows, holidays."""
    days = [date(2025, m, 1) for m in range(3, 13)] + [date(2026, m, 1) for m in range(1, 6)]
    days += [date(2025, 3, 30), date(2025, 3, 31), date(2025, 10, 26), date(2025, 10, 27), date(2026, 3, 29)]
    for row in registers.units:
        for name in ("valid_from", "valid_to"):
            if row[name]:
                turn = date.fromisoformat(row[name])
                days += [turn, turn, turn - timedelta(days=2), turn + timedelta(days=2)]
    days += [date.fromisoformat(row["valid_from"]) for row in registers.promises if row["line"] == "feedback"]
    instants = [midnight(day) for day in days if FIRST <= day <= LAST]
    instants += [
        datetime(*day, hour, tzinfo=UTC) for day in ((2025, 3, 30), (2025, 10, 26), (2026, 3, 29)) for hour in (0, 1, 2)
    ]
    return instants


def holidays_near(r):
    """An instant near Midsummer, Christmas, Easter, May Day or Independence Day."""
    day = r.choice(
        [
            date(2025, 6, 19),
            date(2025, 12, 23),
            date(2025, 4, 17),
            date(2026, 4, 2),
            date(2025, 4, 30),
            date(2025, 12, 5),
            date(2025, 12, 31),
        ]
    )
    return midnight(day + timedelta(days=r.randint(-4, 4))) + timedelta(seconds=r.randint(0, 86399))


def moment(r, instants):
    choice = r.random()
    if choice < 0.45:
        return r.choice(instants) + r.choice([-TICK, TICK * 0, TICK, -timedelta(seconds=1), timedelta(minutes=30)])
    if choice < 0.55:
        return holidays_near(r)
    start = midnight(FIRST)
    return start + TICK * r.randrange((midnight(LAST) - start) // TICK)


def spell_time(r, instant):
    """One of the RFC 3339 spellings of an instant; digits after the sixth are ignored."""
    local = instant.astimezone(timezone(timedelta(minutes=r.choice(OFFSETS))))
    text = local.strftime("%Y-%m-%dT%H:%M:%S")
    if instant.microsecond:
        text += f".{instant.microsecond:06}" + r.choice(["", "", "999", "000", "5", "123456789"])
    else:
        text += r.choice(["", "", "", ".0", ".000", ".000000", ".000000999", ".0000001"])
    offset = local.strftime("%z")
    offset = f"{offset[:3]}:{offset[3:]}"
    if offset == "+00:00":
        offset = r.choice(["Z", "z", "+00:00", "-00:00"])
    text += offset
    return text.replace("T", "t") if r.random() < 0.1 else text


def theme_comment(r, stems):
    """A comment that matches the stem or almost matches it."""
    stem = r.choice(stems)
    other = r.choice(stems)
    ways = [
        f"{stem}tämä",
        f"Ei {stem.upper()}IN, kiitos",
        f"pre{stem}",
        f"1{stem}2",
        f"_{stem}_{other}",
        f"rivi\u2028{stem}",
        unicodedata.normalize("NFD", f"{stem}ä {other}"),
        f"{stem[:-1]}",
        f"{stem[:-1]}-{stem[-1]}",
        f"{stem}\u0301",
        f"q\u0301{stem}",
        f"\u00e4{stem}",
        f"\u0430{stem}",
        stem.replace("s", "\u017f").replace("k", "\u212a").upper().replace("S", "\u017f"),
        "qqq zzz",
        "",
    ]
    return r.choice(ways)


def spell(r, event):
    """One JSON spelling of an event: order of names, spaces, escapes, whole numbers as 5.0 or 5e0."""
    items = list(event.items())
    if r.random() < 0.3:
        r.shuffle(items)
    separators = (",", ":") if r.random() < 0.4 else (", ", ": ")
    text = json.dumps(dict(items), ensure_ascii=r.random() < 0.5, separators=separators)
    if r.random() < 0.3:
        form = r.choice([r"\1.0", r"\1e0", r"\g<1>0E-1", r"\1.000"])
        text = re.sub(
            r'("(?:value|revision|count|transfers)": ?)(\d+)(?=[,}])',
            lambda m: m[1] + re.sub(r"(\d+)", form, m[2]),
            text,
        )
    if r.random() < 0.05:
        text = r.choice([" ", "\t", "\r "]) + text + r.choice(["\r", " \t", ""])
    return text.encode("utf-8")


def due_or_near(r, registers, county, given_at):
    """A reply time at, just before or just after the promise, or any other."""
    due = registers.reply_due(county, given_at)
    if due is None or r.random() < 0.2:
        return given_at + timedelta(hours=r.randint(-2, 400))
    return due + r.choice([-TICK, TICK * 0, TICK, timedelta(seconds=1), -timedelta(days=1), timedelta(days=1)])


def fortnight_or_near(r, invited_at):
    """An answer time at, before or after the end of the fortnight, or at the end counted in local days."""
    exact = invited_at + timedelta(hours=14 * 24)
    local = midnight(local_date(invited_at) + timedelta(days=14))
    near = [
        exact - TICK,
        exact,
        exact + TICK,
        exact - timedelta(hours=1),
        exact + timedelta(minutes=59),
        local,
    ]
    return r.choice([*near, *near[:3], invited_at, invited_at - TICK, invited_at + timedelta(hours=r.randint(0, 400))])
