"""Which rows are published: the *star*, in which at most one key besides scope and period differs from 'all'.

A full cross of keys cannot be protected usefully: each further key multiplies the equations between rows.
Which keys: docs/figures.md, "Where figures are".
"""

from typing import Final

from shared.disclosure.model import ALL, FURTHER, Cell

_CHANNEL_LEVELS: Final = frozenset({"county", "division", "result_area", "service_area"})
_SEGMENT_LEVELS: Final = frozenset({"county", "division"})
_FEW_LEVELS: Final = frozenset({"county", "division"})
_FEW_PERIODS: Final = frozenset({"quarter", "year"})


def chosen(cell: Cell) -> list[str]:
    """The keys besides scope and period that are not 'all'; keys that never have the value 'all' are ignored."""
    view = cell.view
    keys = [name for name, value in (("channel", cell.channel), ("segment", cell.segment)) if value != ALL]
    return keys + [
        name
        for name, value in zip(view.further, cell[FURTHER:], strict=True)
        if value != ALL and name not in view.without_all
    ]


def is_published(cell: Cell) -> bool:
    """Whether a row with these keys is published, shown or hidden."""
    view, keys = cell.view, chosen(cell)
    if len(keys) > 1:
        return False
    if cell.period_kind == "day":
        return view.by_day and cell.level == "county" and not keys
    named = [name for name in view.few if cell.further(name) != ALL]
    if named and not (cell.period_kind in _FEW_PERIODS and cell.level in _FEW_LEVELS):
        return False
    if not keys:
        return True
    if cell.level == "region":
        return False
    match keys[0]:
        case "channel":
            return cell.level in _CHANNEL_LEVELS and (view.channels is None or cell.channel in view.channels)
        case "segment":
            return cell.level in _SEGMENT_LEVELS
    return True
