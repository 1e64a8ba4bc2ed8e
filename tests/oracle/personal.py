"""Personal identity codes: valid in client fields, absent everywhere else."""

import re
import unicodedata
from datetime import date

from tests.oracle.fields import ENTITIES, PERSONS, hetu_key, plain
from tests.oracle.json_text import walk
from tests.oracle.registers import local_date

CENTURIES = dict.fromkeys("-YXWVU", 1900) | dict.fromkeys("ABCDEF", 2000) | {"+": 1800}
CHECK = "0123456789ABCDEFHJKLMNPRSTUVWXY"
HETU = re.compile(r"(?=([0-9]{6})([-+A-Za-z])([0-9]{3})([0-9A-Za-z]))")


def personal_ids_hold(event, now):
    """Whether every `hetu` of a client is valid and no HETU appears anywhere else except in a comment."""
    _, _, _, fields = ENTITIES.get(event["type"], ("", "", "", {}))
    data = dict(event["data"])
    for name in PERSONS:
        person = data.get(name)
        if name in fields and isinstance(person, dict):
            hetu = person.get("hetu")
            if isinstance(hetu, str) and not right_hetu(hetu, now):
                return False
            data[name] = {key: value for key, value in person.items() if key != "hetu"}
    if "comment" in fields:
        data.pop("comment", None)
    return not any(isinstance(item, str) and holds_hetu(item) for _, item in walk(event | {"data": data}))


def right_hetu(value, now):
    match = re.fullmatch(r"([0-9]{6})([-+A-Y])([0-9]{3})([0-9A-Y])", hetu_key(value))
    if not match or match[2] not in CENTURIES:
        return False
    day, month, year = (int(match[1][n : n + 2]) for n in (0, 2, 4))
    try:
        born = date(CENTURIES[match[2]] + year, month, day)
    except ValueError:
        return False
    return born <= local_date(now) and int(match[3]) >= 2 and right_check(match)


def right_check(match):
    return CHECK[int(match[1] + match[3]) % 31] == match[4].upper()


def holds_hetu(value):
    value = plain(value)
    for match in HETU.finditer(value):
        start, end = match.start(), match.start() + 11
        day, month = int(match[1][:2]), int(match[1][2:4])
        adjacent = value[max(start - 1, 0) : start] + value[end : end + 1]
        separate = not any(unicodedata.category(c)[0] == "L" or unicodedata.category(c) == "Nd" for c in adjacent)
        right = match[2].upper() in CENTURIES and 1 <= day <= 31 and 1 <= month <= 12
        if separate and right and right_check(match):
            return True
    return False
