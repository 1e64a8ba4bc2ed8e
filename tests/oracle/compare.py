"""Compares two sets of rows of one view."""

import math

CELL = ("county", "period_kind", "period", "scope_level", "scope", "channel", "segment")
NPS_KEYS = {
    "nps": CELL,
    "statement": (*CELL, "question"),
    "pei": (*CELL, "question"),
    "response": CELL,
    "response_rate": CELL,
    "direct_feedback": (*CELL, "kind", "theme"),
}
FCR_KEYS = {
    "fcr": CELL,
    "fcr_confirmed": (*CELL, "window_days"),
    "fcr_client": (*CELL, "window_days"),
    "access": CELL,
    "digital": CELL,
    "hyte": (*CELL, "kind"),
    "revolving": CELL,
}
SEGMENT_KEYS = {
    "service_events": (*CELL, "sector", "event_class"),
    "events_per_client": CELL,
    "suuntima": (*CELL, "battery", "sex", "result"),
    "suuntima_stock": (*CELL, "result"),
    "common_clients": (*CELL, "kind"),
}
COHORT_KEYS = ("scope_level", "scope")
KEYS = NPS_KEYS | FCR_KEYS | SEGMENT_KEYS
MAX_LINES = 20


def differences(expected_rows, actual_rows, keys):
    """The differences as lines, at most 20 and the number of the others; none when the rows are equal."""
    found = []
    expected = index_by_key(expected_rows, keys, "expected", found)
    actual = index_by_key(actual_rows, keys, "actual", found)
    for key, row in expected.items():
        other = actual.get(key)
        if other is None:
            found.append(f"missing {show(key)}: {values(row, keys)}")
        elif not equal_rows(row, other):
            found += differing(key, row, other)
    found += [f"unexpected {show(key)}: {values(actual[key], keys)}" for key in actual.keys() - expected.keys()]
    found.sort()
    if len(found) > MAX_LINES:
        found[MAX_LINES:] = [f"… and {len(found) - MAX_LINES} more"]
    return found


def index_by_key(rows, keys, side, found):
    result = {}
    for row in rows:
        key = tuple(map(row.__getitem__, keys))
        if key in result:
            found.append(f"{side} twice {show(key)}")
        result[key] = row
    return result


def equal_rows(expected, actual):
    """Whether all columns are equal. Most rows are equal in value and type, and one comparison shows it."""
    if expected == actual and [*map(type, expected.values())] == [type(actual[name]) for name in expected]:
        return True
    return expected.keys() == actual.keys() and all(
        (type(value) is type(actual[name]) and value == actual[name]) or equal_values(value, actual[name])
        for name, value in expected.items()
    )


def differing(key, expected, actual):
    columns = sorted(expected.keys() | actual.keys())
    return [
        f"{show(key)} {name}: expected {expected.get(name, 'no column')!r}, got {actual.get(name, 'no column')!r}"
        for name in columns
        if name not in expected or name not in actual or not equal_values(expected[name], actual[name])
    ]


def equal_values(expected, actual):
    """Compare counts, texts and None exactly (a bool is no count), floats within 1e-9; 'Infinity' is infinity."""
    if type(expected) is type(actual) and expected == actual:
        return True
    expected, actual = (float("inf") if value == "Infinity" else value for value in (expected, actual))
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, float) and isinstance(actual, int | float):
        return math.isclose(expected, actual, rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(expected, int) and isinstance(actual, float):
        return math.isclose(expected, actual, rel_tol=1e-9)
    return expected == actual


def show(key):
    return "/".join(str(part) for part in key)


def values(row, keys):
    return {name: value for name, value in row.items() if name not in keys}
