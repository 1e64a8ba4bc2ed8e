"""What `report.key_result` must say, from the register as text and published rows as dictionaries (the contract,
written anew: shares no code and no SQL with the product).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

Row = Mapping[str, Any]
COMMON = ("county", "scope_level", "scope", "channel", "segment")
SHARES = {
    *("fcr.gross", "fcr.net", "fcr.outcome_coverage", "statement.top1", "statement.top2", "response_rate.rate"),
    *("direct_feedback.share", "suuntima.share", "access.answered_share", "fcr_confirmed.repeat_rate"),
    *("fcr_confirmed.fcr_confirmed", "fcr_client.fcr_client", "pei.enabled_share", "digital.digital_share"),
}
NO_UNITS = {"suuntima", "suuntima_stock", "common_clients"}


def rows(
    key_results: Sequence[Row], units: Sequence[Row], published: Mapping[str, Sequence[Row]], today: date
) -> dict[tuple[str, str, str], Row]:
    """The computed columns by (county, id, period). `key_results` as in key_results.yaml, `units` as in units.csv with
    dates, `published` the rows of each view.
    """
    return {
        (item["scope"]["county"], item["id"], period): _row(item, first, after, period, units, published)
        for item in key_results
        for period, first, after in periods(item["valid_period"], today)
    }


def periods(valid: Row, today: date) -> Iterator[tuple[str, date, date]]:
    """Quarters and years that lie in the valid period and have begun, with first day and the day after."""
    for year in range(2000, today.year + 1):
        starts = [date(year, month, 1) for month in (1, 4, 7, 10)] + [date(year + 1, 1, 1)]
        spans = [(f"{year}Q{n + 1}", starts[n], starts[n + 1]) for n in range(4)] + [(str(year), starts[0], starts[4])]
        for period, first, after in spans:
            until = valid.get("to") or date.max
            if valid["from"] <= first and after <= until and first <= today:
                yield period, first, after


def _row(
    item: Row, first: date, after: date, period: str, units: Sequence[Row], published: Mapping[str, Sequence[Row]]
) -> Row:
    view, column = item["metric"].split(".")
    share = item["metric"] in SHARES
    own = _find(item["scope"], published[view], period)
    actual = own[column] if own else None
    base = _baseline(item, published[view], column)
    aim = _aim(item, base, share)
    change = None if actual is None or base is None else (actual - base) * (100.0 if share else 1.0)
    return {
        "baseline": base,
        "target": aim,
        "actual": actual,
        "change_points": change,
        "change_relative": None if change is None or base == 0 else 100 * (actual - base) / abs(base),
        "progress": None
        if change is None or aim is None or aim == base or item["direction"] == "maintain"
        else (actual - base) / (aim - base),
        "met": _met(item, actual, base, aim),
        "coverage": _coverage(item["scope"], view, units, published[view], (first, after), period),
        "suppressed": bool(own and own["suppressed"]),
    }


def _find(scope: Row, found: Sequence[Row], period: str) -> Row | None:
    for row in found:
        if row["period"] == period and all(row[key] == value for key, value in scope.items()):
            return row
    return None


def _baseline(item: Row, found: Sequence[Row], column: str) -> Any:
    baseline = item.get("baseline") or {}
    if "value" in baseline:
        return baseline["value"]
    row = _find(item["scope"], found, baseline["period"]) if baseline else None
    return row[column] if row else None


def _aim(item: Row, base: Any, share: bool) -> Any:
    target = float(item["target"])
    match item["target_mode"]:
        case "absolute":
            return target
        case "relative":
            return None if base is None else base * (1 + target / 100)
    return None if base is None else base + (target / 100 if share else target)


def _met(item: Row, actual: Any, base: Any, aim: Any) -> bool | None:
    margin = item.get("margin", 0)
    against = base if item["direction"] == "maintain" else aim
    if actual is None or against is None:
        return None
    if item["direction"] == "decrease":
        return bool(actual <= against + margin)
    return bool(actual >= against - margin)


def _coverage(
    scope: Row, view: str, units: Sequence[Row], found: Sequence[Row], days: tuple[date, date], period: str
) -> float | None:
    if scope["scope_level"] == "line" or view in NO_UNITS:
        return None
    if view == "direct_feedback" and (scope["kind"], scope["theme"]) != ("all", "all"):
        return None
    first, after = days
    span = [first + timedelta(days=n) for n in range((after - first).days)]
    under = {
        unit["unit"]
        for unit in units
        if unit["county"] == scope["county"]
        and _level(unit, scope["scope_level"]) == scope["scope"]
        and any((unit["valid_from"] or day) <= day < (unit["valid_to"] or date.max) for day in span)
    }
    further = {key: value for key, value in scope.items() if key not in COMMON}
    seen = {
        row["scope"]
        for row in found
        if (row["county"], row["period"], row["scope_level"]) == (scope["county"], period, "unit")
        and (row["channel"], row["segment"]) == ("all", "all")
        and all(row[key] == value for key, value in further.items())
    }
    return len(under & seen) / len(under) if under else None


def _level(unit: Row, level: str) -> str:
    return unit["county"] if level == "county" else unit["unit"] if level == "unit" else unit[level] or "-"
