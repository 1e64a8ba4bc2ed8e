"""Tables of the report out of published rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from deploy.report.model import Name, Row, Table
from deploy.report.published import COMMON_KEYS, Record, change, value
from deploy.report.tables import TableSpec
from shared.disclosure import model as disclosure

Names = Mapping[tuple[str, str], Name]
"""(key, code) -> name."""
Rows = Mapping[str, Sequence[Record]]
"""Rows by view."""

_ORDER: Final = (
    *("all", "multidisciplinary", "other", "unknown"),
    *("thanks", "complaint", "idea", "question"),
    *("omatoimi", "yhteistyo", "yhteiso", "verkosto"),
    *("functioning", "illness", "social", "risk"),
    *("thl_help", "thl_cared", "thl_decide", "thl_safe", "thl_next", "thl_clear", "thl_useful"),
)
"""Codes that have an order of their own; others follow by name."""
Keys = tuple[str, ...]


def build(spec: TableSpec, rows: Rows, quarter: str, previous: str, names: Names) -> Table:
    """The table of a quarter. What is not published is a value with its reason."""
    now = {view: _by_keys(spec, view, rows[view], quarter) for view in spec.views}
    before = {view: _by_keys(spec, view, rows[view], previous) for view in spec.views}
    found = sorted(now[spec.views[0]], key=lambda keys: _position(spec, keys, names))
    built = tuple(_row(spec, keys, now, before, names) for keys in found)
    return Table(spec.id, spec.part, spec.levels[-1], spec.views, spec.keys, spec.columns, spec.headline, built)


def name_of(names: Names, key: str, code: str) -> Name:
    return names.get((key, code)) or names.get(("any", code)) or Name(code, {})


def _by_keys(spec: TableSpec, view: str, rows: Iterable[Record], period: str) -> dict[Keys, Record]:
    found = {}
    for row in rows:
        if row["period"] == period and (keys := _keys(spec, view, row)) is not None:
            found[keys] = row
    return found


def _keys(spec: TableSpec, view: str, row: Record) -> Keys | None:
    """Level and values of the table's keys; None where the row does not belong to the table."""
    if row["scope_level"] not in spec.levels:
        return None
    for key in (*COMMON_KEYS[2:], *disclosure.VIEWS[view].further):
        if key not in spec.keys and str(row[key]) != spec.fixed.get(key, "all"):
            return None
    keys = (str(row["scope_level"]), *(str(row[key]) for key in spec.keys))
    # A crossed table has no totals: its rows are those of all its keys.
    return None if len(spec.keys) > 1 and "all" in keys else keys


def _row(
    spec: TableSpec,
    keys: Keys,
    now: Mapping[str, Mapping[Keys, Record]],
    before: Mapping[str, Mapping[Keys, Record]],
    names: Names,
) -> Row:
    def of(rows: Mapping[str, Mapping[Keys, Record]], source: str) -> Record | None:
        return rows[source.split(".")[0]].get(keys)

    level, *codes = keys
    found = [of(now, column.source) for column in spec.columns]
    head = spec.headline.source
    return Row(
        names=tuple(
            name_of(names, level if key == "scope" else key, code) for key, code in zip(spec.keys, codes, strict=True)
        ),
        values=tuple(value(row, column.source.split(".")[1]) for row, column in zip(found, spec.columns, strict=True)),
        total=codes == ["all"] or (spec.keys == ("scope",) and level == "county"),
        low_n=any(row is not None and row["low_n"] and not row["suppressed"] for row in found),
        hidden=any(row is not None and row["suppressed"] for row in found),
        change=change(value(of(before, head), head.split(".")[1]), value(of(now, head), head.split(".")[1])),
    )


def _position(spec: TableSpec, keys: Keys, names: Names) -> tuple[object, ...]:
    """Totals first, codes with an order, then by name; what is not known last."""
    level, *codes = keys
    positions: list[object] = [disclosure.LEVELS[::-1].index(level)]
    for key, code in zip(spec.keys, codes, strict=True):
        order = _ORDER.index(code) if code in _ORDER else len(_ORDER)
        name = name_of(names, level if key == "scope" else key, code)
        positions += [code == "-", order, name.names.get("fi", code)]
    return tuple(positions)
