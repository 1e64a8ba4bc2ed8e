"""The CSV registers: from lines to checked rows. docs/operations.md (Registers) describes the columns."""

import re
from collections.abc import Hashable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from shared.registers.fields import Fields
from shared.registers.model import NAMED, CodeName, Outcome, PromiseKind, PromiseRow, SectorKind
from shared.registers.parse import Line, read_table
from shared.registers.problems import Problems
from shared.registers.units import UnitRow, unit_row

UNIT_COLUMNS = (
    *("county", "unit", "name_fi", "name_sv", "name_en", "service_area", "result_area", "division", "region"),
    *("sensitive", "valid_from", "valid_to"),
)
STREAMS = ("feedback", "contact", "care")
CHANNELS = ("phone", "chat", "sms", "digital_booking", "other")
MAX_MINUTES = 5_300_000
"""About ten years."""
MAX_WORKING_DAYS = 2_500

_SOURCE = re.compile(r"urn:hva:[a-z0-9-]+:[a-z0-9-]+", re.ASCII)
_SEPARATORS = re.compile(r"[|;,\s]+")


def _fields(path: Path, columns: tuple[str, ...], problems: Problems) -> Iterator[Fields]:
    for line in read_table(path, columns, problems):
        yield Fields(line, problems)


class _UniqueKeys:
    """Rejects the second row of a key."""

    def __init__(self) -> None:
        self._lines: dict[Hashable, Line] = {}

    def check(self, key: Hashable, fields: Fields, name: str) -> None:
        earlier = self._lines.setdefault(key, fields.line)
        if earlier is not fields.line:
            fields.add_problem(f"{name} is already on {earlier.where}; keep one of them.")


def units(path: Path, problems: Problems) -> tuple[UnitRow, ...]:
    """Return the rows of `units.csv`, by county, unit and time. Rows of a unit must not overlap."""
    located = [
        (row, fields.line.where)
        for fields in _fields(path, UNIT_COLUMNS, problems)
        if (row := _unit(fields)) is not None
    ]
    located.sort(key=lambda pair: _sort_key(pair[0]))
    _reject_overlaps(located, problems)
    if not located and not problems.sentences:
        problems.add(path.name, "there is no unit; without one every event is rejected.")
    return tuple(row for row, _ in located)


def _sort_key(row: UnitRow) -> tuple[str, str, str]:
    return row.county, row.unit, row.valid_from.isoformat() if row.valid_from else ""


def _unit(fields: Fields) -> UnitRow | None:
    start, end = fields.span()
    row = unit_row(
        fields.county(),
        fields.code("unit"),
        names=(fields.text("name_fi"), fields.text("name_sv"), fields.text("name_en")),
        service_area=fields.code("service_area", empty=True),
        result_area=fields.code("result_area", empty=True),
        division=fields.code("division", empty=True),
        region=fields.code("region", empty=True),
        sensitive=fields.boolean("sensitive"),
        valid_from=start,
        valid_to=end,
    )
    return row if fields.valid else None


def _reject_overlaps(located: list[tuple[UnitRow, str]], problems: Problems) -> None:
    for (earlier, earlier_where), (row, where) in pairwise(located):
        if (earlier.county, earlier.unit) != (row.county, row.unit):
            continue
        if row.valid_from is None or earlier.valid_to is None or row.valid_from < earlier.valid_to:
            unit = f"unit '{row.unit}' of {row.county}"
            problems.add(where, f"{unit} overlaps {earlier_where}; let one end where the other begins.")


def sources(path: Path, problems: Problems) -> dict[str, frozenset[str]] | None:
    """Return source -> the streams it may use, or None without the file."""
    if not path.exists():
        return None
    found: dict[str, frozenset[str]] = {}
    keys = _UniqueKeys()
    for fields in _fields(path, ("source", "streams", "contact"), problems):
        source = fields.text("source")
        if not _SOURCE.fullmatch(source):
            fields.add_problem(f"source '{source}' must look like urn:hva:<county>:<system>.")
        streams = frozenset(filter(None, _SEPARATORS.split(fields.text("streams"))))
        for stream in sorted(streams.difference(STREAMS)):
            fields.add_problem(f"stream '{stream}' is unknown; it must be one of {', '.join(STREAMS)}.")
        if not streams:
            fields.add_problem("streams is empty; name what the source may use, such as feedback|contact.")
        keys.check(source, fields, f"source '{source}'")
        found[source] = streams
    return found


def sectors(path: Path, problems: Problems) -> dict[str, SectorKind]:
    """Return sector -> kind."""
    found: dict[str, SectorKind] = {}
    keys = _UniqueKeys()
    kinds: tuple[SectorKind, ...] = ("health", "social")
    for fields in _fields(path, ("sector", "kind"), problems):
        sector = fields.code("sector")
        keys.check(sector, fields, f"sector '{sector}'")
        if (kind := fields.choice("kind", kinds)) is not None:
            found[sector] = kind
    return found


def outcomes(path: Path, problems: Problems) -> dict[tuple[str, str], Outcome]:
    """Return (outcome, classification) -> flags. A resolved outcome must be resolvable."""
    found: dict[tuple[str, str], Outcome] = {}
    keys = _UniqueKeys()
    columns = ("outcome", "classification", "resolved", "first_line_resolvable", "hyte")
    for fields in _fields(path, columns, problems):
        key = fields.code("outcome"), fields.code("classification", empty=True)
        flags = Outcome(*key, *(fields.boolean(column) for column in columns[2:]))
        keys.check(key, fields, f"outcome '{key[0]}' of classification '{key[1]}'")
        if flags.resolved and not flags.first_line_resolvable and fields.valid:
            fields.add_problem("a resolved outcome must be first_line_resolvable.")
        found[key] = flags
    return found


def promises(path: Path, problems: Problems) -> tuple[PromiseRow, ...]:
    """Return the promises, by key and time."""
    keys = _UniqueKeys()
    found = []
    columns = ("county", "line", "channel", "kind", "amount", "valid_from")
    for fields in _fields(path, columns, problems):
        county, line, channel, start = map(fields.text, ("county", "line", "channel", "valid_from"))
        name = f"a promise of {county}, '{line}', '{channel}' " + (f"from {start}" if start else "without valid_from")
        keys.check((county, line, channel, start), fields, name)
        if (row := _promise(fields)) is not None:
            found.append(row)
    return tuple(sorted(found, key=lambda row: (row.county, row.line, row.channel, str(row.valid_from or ""))))


def _promise(fields: Fields) -> PromiseRow | None:
    county, line = fields.county(), fields.code("line")
    kinds: tuple[PromiseKind, ...] = ("minutes", "same_day", "working_days")
    kind = fields.choice("kind", kinds)
    maximum = MAX_WORKING_DAYS if kind == "working_days" else MAX_MINUTES
    amount = fields.integer("amount", maximum, empty=kind in ("same_day", None))
    channels = ("", *CHANNELS) if line == "feedback" else CHANNELS
    channel, start = fields.choice("channel", channels), fields.day("valid_from")
    if kind is None or channel is None:
        return None
    return PromiseRow(county, line, channel, kind, 0 if kind == "same_day" else amount, start)


def themes(path: Path, problems: Problems) -> tuple[tuple[str, str], ...]:
    """Return (theme, stem) pairs without duplicates."""
    pairs: Iterable[tuple[str, str]] = (
        (fields.code("theme"), _stem(fields)) for fields in _fields(path, ("theme", "stem"), problems)
    )
    return tuple(sorted(set(pairs)))


def _stem(fields: Fields) -> str:
    stem = fields.text("stem")
    if not stem.strip():
        fields.add_problem("stem is empty; every word would begin with it.")
    return stem


def names(path: Path, problems: Problems) -> tuple[CodeName, ...]:
    """Return the names of codes, by key and code. Without the file there are none."""
    if not path.exists():
        return ()
    found = []
    keys = _UniqueKeys()
    for fields in _fields(path, ("key", "code", "name_fi", "name_sv", "name_en"), problems):
        key, code = fields.choice("key", NAMED), fields.code("code")
        named = [fields.text(f"name_{language}") for language in ("fi", "sv", "en")]
        keys.check((key, code), fields, f"the name of {key} '{code}'")
        if not any(named):
            fields.add_problem("there is no name; give one in at least one language.")
        if key is not None:
            found.append(CodeName(key, code, *named))
    return tuple(sorted(found, key=lambda name: (name.key, name.code)))
