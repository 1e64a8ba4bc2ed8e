"""Keys of a view's cells on the command line, as `period=2026Q1 scope_level=division`, and their validation."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import typer

KEYS = ("county", "period_kind", "period", "scope_level", "scope", "channel", "segment")
PERIODS = (
    (re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII), "day"),
    (re.compile(r"(\d{4})-(\d\d)", re.ASCII), "month"),
    (re.compile(r"(\d{4})Q([1-4])", re.ASCII), "quarter"),
    (re.compile(r"(\d{4})", re.ASCII), "year"),
)


def parse_pairs(pairs: Sequence[str]) -> dict[str, str]:
    """Parse `key=value` words. Raises BadParameter."""
    if any("=" not in pair for pair in pairs):
        raise typer.BadParameter("write KEY=VALUE")
    return dict(pair.split("=", 1) for pair in pairs)


def check(view: str, wanted: Mapping[str, str], *, other_views: Sequence[str] = ()) -> None:
    """Raises BadParameter for an unknown view, an invalid period or a value outside a closed list. An empty answer
    would look as if there were no facts. `other_views`: what the verb accepts besides the views of figures.
    """
    from shared.registers.figures import CLOSED_VALUES, KEY_VALUES, VIEWS

    if view not in VIEWS:
        raise typer.BadParameter(f"there is no view {view}: there are {', '.join((*VIEWS, *other_views))}")
    if "period" in wanted:
        period_days(wanted["period"])
    closed = {**KEY_VALUES, **CLOSED_VALUES[view], "period_kind": tuple(kind for _, kind in PERIODS)}
    for key, value in wanted.items():
        allowed = [str(item) for item in closed.get(key, ())]
        if allowed and value not in allowed:
            raise typer.BadParameter(f"{key} {value} is not one of {', '.join(allowed)}")


def check_names(view: str, names: Iterable[str]) -> None:
    """Raises BadParameter for a name that is no key of the cells of the view."""
    from shared.disclosure.model import VIEWS

    known = (*KEYS, *VIEWS[view].further)
    if unknown := sorted(set(names) - set(known)):
        raise typer.BadParameter(f"{view} has no key {', '.join(unknown)}: it has {', '.join(known)}")


def period_kind(period: str) -> str:
    """The kind of a period that `period_days` accepts."""
    return next(kind for pattern, kind in PERIODS if pattern.fullmatch(period))


def period_days(period: str, *, accepts_days: bool = True) -> tuple[date, date]:
    """First day of the period and of the next one. Raises BadParameter with the forms of a period that the verb
    accepts.
    """
    for pattern, kind in PERIODS:
        if found := pattern.fullmatch(period):
            try:
                return _days(kind, [int(part) for part in found.groups()])
            except ValueError:
                break
    forms = f"{'2026-03-31, ' if accepts_days else ''}2026-03, 2026Q1 or 2026"
    raise typer.BadParameter(f"{period} is not a period: write {forms}")


def quarter_days(quarter: str) -> tuple[date, date]:
    """First day of the quarter and of the next one. Raises BadParameter."""
    first, following = period_days(quarter)
    if not re.fullmatch(r"\d{4}Q[1-4]", quarter, re.ASCII):
        raise typer.BadParameter(f"{quarter} is not a quarter: write 2026Q1")
    return first, following


def _days(kind: str, parts: list[int]) -> tuple[date, date]:
    match kind:
        case "day":
            day = date(*parts)
            return day, date.fromordinal(day.toordinal() + 1)
        case "month":
            return date(parts[0], parts[1], 1), _month_after(parts[0], parts[1], 1)
        case "quarter":
            first = 3 * parts[1] - 2
            return date(parts[0], first, 1), _month_after(parts[0], first, 3)
        case _:
            return date(parts[0], 1, 1), date(parts[0] + 1, 1, 1)


def _month_after(year: int, month: int, months: int) -> date:
    months_since_january = month - 1 + months
    return date(year + months_since_january // 12, months_since_january % 12 + 1, 1)
