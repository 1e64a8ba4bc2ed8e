"""The CSV registers: from lines to checked rows. What each column means: contract, section 3."""

import re
from collections.abc import Hashable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from shared.registers.fields import Fields
from shared.registers.model import Outcome, PromiseKind, PromiseRow, SectorKind
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


class _Seen:
    """Refuses the second row of a key."""

    def __init__(self) -> None:
        self._lines: dict[Hashable, Line] = {}

    def first(self, key: Hashable, fields: Fields, words: str) -> bool:
        earlier = self._lines.setdefault(key, fields.line)
        if earlier is not fields.line:
            fields.wrong(f"{words} stands already on {earlier.where}; keep one of them.")
        return earlier is fields.line


def units(path: Path, problems: Problems) -> tuple[UnitRow, ...]:
    """The rows of `units.csv`, by county, unit and time; no two of a unit overlap."""
    placed = [
        (row, fields.line.where)
        for fields in _fields(path, UNIT_COLUMNS, problems)
        if (row := _unit(fields)) is not None
    ]
    placed.sort(key=lambda pair: _by_time(pair[0]))
    _refuse_overlaps(placed, problems)
    if not placed and not problems.sentences:
        problems.add(path.name, "there is no unit; without one every event is rejected.")
    return tuple(row for row, _ in placed)


def _by_time(row: UnitRow) -> tuple[str, str, str]:
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
    return row if fields.fit else None


def _refuse_overlaps(placed: list[tuple[UnitRow, str]], problems: Problems) -> None:
    for (earlier, earlier_where), (row, where) in pairwise(placed):
        if (earlier.county, earlier.unit) != (row.county, row.unit):
            continue
        if row.valid_from is None or earlier.valid_to is None or row.valid_from < earlier.valid_to:
            unit = f"unit '{row.unit}' of {row.county}"
            problems.add(where, f"{unit} overlaps {earlier_where}; let one end where the other begins.")


def sources(path: Path, problems: Problems) -> dict[str, frozenset[str]] | None:
    """Source -> the streams it may use; None without the file."""
    if not path.exists():
        return None
    found: dict[str, frozenset[str]] = {}
    seen = _Seen()
    for fields in _fields(path, ("source", "streams", "contact"), problems):
        source = fields.text("source")
        if not _SOURCE.fullmatch(source):
            fields.wrong(f"source '{source}' must look like urn:hva:<county>:<system>.")
        streams = frozenset(filter(None, _SEPARATORS.split(fields.text("streams"))))
        for stream in sorted(streams.difference(STREAMS)):
            fields.wrong(f"stream '{stream}' is unknown; it must be one of {', '.join(STREAMS)}.")
        if not streams:
            fields.wrong("streams is empty; name what the source may use, as feedback|contact.")
        seen.first(source, fields, f"source '{source}'")
        found[source] = streams
    return found


def sectors(path: Path, problems: Problems) -> dict[str, SectorKind]:
    """Sector -> kind."""
    found: dict[str, SectorKind] = {}
    seen = _Seen()
    kinds: tuple[SectorKind, ...] = ("health", "social")
    for fields in _fields(path, ("sector", "kind"), problems):
        sector = fields.code("sector")
        seen.first(sector, fields, f"sector '{sector}'")
        if (kind := fields.choice("kind", kinds)) is not None:
            found[sector] = kind
    return found


def outcomes(path: Path, problems: Problems) -> dict[tuple[str, str], Outcome]:
    """(outcome, classification) -> flags; what is resolved is resolvable."""
    found: dict[tuple[str, str], Outcome] = {}
    seen = _Seen()
    columns = ("outcome", "classification", "resolved", "first_line_resolvable", "hyte")
    for fields in _fields(path, columns, problems):
        key = fields.code("outcome"), fields.code("classification", empty=True)
        flags = Outcome(*key, *(fields.boolean(column) for column in columns[2:]))
        seen.first(key, fields, f"outcome '{key[0]}' of classification '{key[1]}'")
        if flags.resolved and not flags.first_line_resolvable and fields.fit:
            fields.wrong("a resolved outcome must be first_line_resolvable.")
        found[key] = flags
    return found


def promises(path: Path, problems: Problems) -> tuple[PromiseRow, ...]:
    """The promises, by key and time."""
    seen = _Seen()
    found = []
    columns = ("county", "line", "channel", "kind", "amount", "valid_from")
    for fields in _fields(path, columns, problems):
        county, line, channel, start = map(fields.text, ("county", "line", "channel", "valid_from"))
        words = f"a promise of {county}, '{line}', '{channel}' from {start or 'ever'}"
        seen.first((county, line, channel, start), fields, words)
        if (row := _promise(fields)) is not None:
            found.append(row)
    return tuple(sorted(found, key=lambda row: (row.county, row.line, row.channel, str(row.valid_from or ""))))


def _promise(fields: Fields) -> PromiseRow | None:
    county, line = fields.county(), fields.code("line")
    kinds: tuple[PromiseKind, ...] = ("minutes", "same_day", "working_days")
    kind = fields.choice("kind", kinds)
    most = MAX_WORKING_DAYS if kind == "working_days" else MAX_MINUTES
    amount = fields.whole("amount", most, empty=kind in ("same_day", None))
    channels = ("", *CHANNELS) if line == "feedback" else CHANNELS
    channel, start = fields.choice("channel", channels), fields.day("valid_from")
    if kind is None or channel is None:
        return None
    return PromiseRow(county, line, channel, kind, 0 if kind == "same_day" else amount, start)


def themes(path: Path, problems: Problems) -> tuple[tuple[str, str], ...]:
    """(theme, stem) pairs; the same pair twice is one."""
    pairs: Iterable[tuple[str, str]] = (
        (fields.code("theme"), _stem(fields)) for fields in _fields(path, ("theme", "stem"), problems)
    )
    return tuple(sorted(set(pairs)))


def _stem(fields: Fields) -> str:
    stem = fields.text("stem")
    if not stem.strip():
        fields.wrong("stem is empty; every word would begin with it.")
    return stem
