"""The dashboard of those who run the first line: do clients get an answer, in time, and is the matter settled at once?

Lines are scopes of their own: a line is not a part of a division, and has no published rows by channel.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard

from deploy.grafana.board import figures_board
from deploy.grafana.breakdown import by_key
from deploy.grafana.columns import Column, figure, label
from deploy.grafana.first_line_days import newest_days, scope_of
from deploy.grafana.sql import ALL, Further, chosen, of_county, source, sources, trend, value, variable, within
from deploy.grafana.sql_panels import SqlPanel, bars, number, rows
from deploy.grafana.texts import Texts

NAME: Final = "first_line"
_AREAS: Final = ("service_area", "result_area", "division")
_LEVELS: Final = ("line", *_AREAS)
_VARIABLES: Final = ("county", *reversed(_AREAS), "line", "channel", "period_kind", "period")
_DAYS: Final = 31
_MONTHS: Final = 13
_NONE: Final = "–"  # where the label of a row says why there is no number

# Rows by channel are published of phone and chat, and not of lines. Otherwise the row of all channels is shown.
_CHANNEL: Final = f"""(
    case when {variable("line")} = '{ALL}' and {variable("channel")} in ('phone', 'chat') then {variable("channel")}
    else '{ALL}' end)"""
_HEADLINE: Final[Further] = {
    "fcr_confirmed": {"window_days": "7"},
    "fcr_client": {"window_days": "7"},
    "hyte": {"kind": "first_line_guidance"},
}
_BY_CHANNEL: Final = ("access", "fcr", "fcr_confirmed", "fcr_client")
_OF_CHANNEL: Final[Further] = {view: {**_HEADLINE.get(view, {}), "channel": _CHANNEL} for view in _BY_CHANNEL}

_WAITS: Final = sources("access", "wait_p50 wait_p90")
_ANSWERED: Final = sources(
    "access", "answered_share direct_share callback_share callback_same_day_share promise_kept_share"
)
_ACCESS: Final = ("access.inbound", *_ANSWERED, *_WAITS)
_WINDOWS: Final = ("fcr_confirmed.fcr_confirmed", "fcr_client.fcr_client", "fcr_confirmed.repeat_rate")
_FCR: Final = (*sources("fcr", "gross net"), *_WINDOWS)
_TRANSFERS: Final = sources("access", "transfers_mean bounce_rate")
_OTHERS: Final = ("digital.digital_share", "revolving.index", "hyte.count")
_NUMBERS: Final = (*_ANSWERED, *_WAITS, *_FCR[:3], "digital.digital_share")
_TODAY: Final = ("access.inbound", _ANSWERED[0], *_ANSWERED[3:], *_WAITS, "fcr.net", "digital.digital_share")


def build(texts: Texts) -> dashboard.Dashboard:
    """The dashboard in a language."""
    found = {
        texts("row_days"): [_days(texts)],
        texts("row_now"): [_about(texts), *(_number(texts, name) for name in _NUMBERS)],
        texts("row_lines"): _lines(texts),
        texts("row_channels"): _channels(texts),
        texts("row_waits"): _waits(texts),
        texts("row_fcr"): _settled(texts),
        texts("row_returns"): _returning(texts),
        texts("row_digital"): _digital(texts),
        texts("row_units"): [_units(texts)],
    }
    return figures_board(NAME, texts, found, _VARIABLES)


def _scope(row: str) -> str:
    return chosen(row, _LEVELS)


def _area(row: str) -> str:
    return chosen(row, _AREAS)


def _of_lines(row: str) -> str:
    return f"{row}.scope_level = 'line'"


def _definitions(texts: Texts, names: Sequence[str], *more: str) -> str:
    views = dict.fromkeys(source(name).view for name in names)
    return " ".join([*map(texts.definition, views), *map(texts, more)])


def _figure(texts: Texts, name: str, **settings: Any) -> Column:
    """A column of a figure. This dashboard names what the report does not show, or shows under another title."""
    if name in (*_TRANSFERS, "hyte.count"):
        settings["title"] = texts(source(name).column)
    return figure(texts, name, **settings)


def _days(texts: Texts) -> SqlPanel:
    """The newest published days of the county; today and yesterday are there in any case."""
    columns = [label(texts, "label", texts("day"), width=260), *(figure(texts, name, empty=_NONE) for name in _TODAY)]
    sql = newest_days(texts, _TODAY)
    return rows(texts, texts("days"), _definitions(texts, _TODAY, "days_about"), columns, sql)


def _about(texts: Texts) -> SqlPanel:
    return number(texts, texts("scope"), texts("scope_about"), Column("scope"), scope_of(texts, _LEVELS, _CHANNEL))


def _number(texts: Texts, name: str) -> SqlPanel:
    of = source(name)
    sql = value(name, _scope, **_OF_CHANNEL.get(of.view, {}))
    return number(texts, texts(f"number_{of.column}"), texts.definition(of.view), figure(texts, name, title=""), sql)


def _table(
    texts: Texts, title: str, key: str, name: Column, names: Sequence[str], scope: Callable[[str], str], *more: str
) -> SqlPanel:
    """A row for each value of a key in the chosen period. `more`: texts of the description."""
    columns = [name, Column(key, invisible=True), *(_figure(texts, found) for found in names)]
    about = _definitions(texts, names, *more)
    return rows(texts, texts(title), about, columns, by_key(texts, key, names, scope, _HEADLINE))


def _lines(texts: Texts) -> Sequence[SqlPanel]:
    """The lines of the county; a click chooses one."""
    name = label(texts, "name", texts.report("key_line"), width=220, opens=NAME, sets="line")
    return [
        _table(texts, "lines_access", "scope", name, _ACCESS, _of_lines, "lines_about"),
        _table(texts, "lines_fcr", "scope", name, (*_FCR, *_TRANSFERS, *_OTHERS), _of_lines, "guidance_about"),
    ]


def _channels(texts: Texts) -> Sequence[SqlPanel]:
    name = label(texts, "name", texts.report("key_channel"), width=220)
    return [
        _table(texts, "channels_access", "channel", name, _ACCESS, _area, "area_about", "channels_about"),
        _table(texts, "channels_fcr", "channel", name, (*_FCR, *_TRANSFERS), _area, "area_about", "channels_about"),
    ]


def _units(texts: Texts) -> SqlPanel:
    """The units of the chosen area; a click opens one."""
    name = label(texts, "name", texts("variable_unit"), width=260, opens="unit", sets="unit")
    shown = ("access.inbound", _ANSWERED[0], _ANSWERED[4], *_WAITS, *_FCR[:3])
    return _table(texts, "units", "scope", name, shown, lambda row: within(row, "unit", _AREAS), "units_about")


def _months(
    texts: Texts, title: str, names: Sequence[str], scope: Callable[[str], str] = _scope, **settings: Any
) -> SqlPanel:
    columns = [Column("label"), *(_figure(texts, name) for name in names)]
    sql = trend(texts, "month", _MONTHS, names, scope, {**_HEADLINE, **_OF_CHANNEL})
    return bars(texts, texts(title), _definitions(texts, names, "trend_about"), columns, sql, **settings)


def _waits(texts: Texts) -> Sequence[SqlPanel]:
    """Waits by day and by month. Their histogram is not published, only these two of its percentiles."""
    columns = [Column("label"), *(figure(texts, name) for name in _WAITS)]
    about = _definitions(texts, _WAITS, "waits_about", "trend_about")
    sql = trend(texts, "day", _DAYS, _WAITS, of_county)
    return [
        bars(texts, texts("waits_days"), about, columns, sql, width=24, logarithmic=True),
        _months(texts, "waits_months", _WAITS, logarithmic=True),
        _months(texts, "answered_months", [_ANSWERED[0], *_ANSWERED[3:]]),
    ]


def _settled(texts: Texts) -> Sequence[SqlPanel]:
    of_channel = {view: {"channel": _CHANNEL} for view in _BY_CHANNEL}
    columns = [
        label(texts, "name", texts("window"), width=160),
        Column("window_days", invisible=True),
        *(figure(texts, name, title=texts(f"window_{source(name).column}")) for name in _WINDOWS),
    ]
    sql = by_key(texts, "window_days", _WINDOWS, _scope, of_channel, first=("1", "7", "30"))
    return [
        _months(texts, "fcr_months", _FCR[:3], width=14),
        rows(texts, texts("windows"), _definitions(texts, _WINDOWS, "windows_about"), columns, sql, width=10),
    ]


def _returning(texts: Texts) -> Sequence[SqlPanel]:
    return [
        _months(texts, "bounce_months", _TRANSFERS[1:], width=8),
        _months(texts, "transfers_months", _TRANSFERS[:1], width=8),
        _months(texts, "revolving_months", ["revolving.index"], width=8),
    ]


def _digital(texts: Texts) -> Sequence[SqlPanel]:
    contacts = sources("digital", "phone chat sms digital_booking")
    kinds = ("first_line_guidance", "tray_visit", "exercise_referral", "digital_path_coaching")
    counts = [f"{kind}:hyte.count" for kind in kinds]
    columns = [Column("label"), *(figure(texts, name, title=texts(f"kind_{source(name).name}")) for name in counts)]
    sql = trend(texts, "month", _MONTHS, counts, _area, {kind: {"kind": kind} for kind in kinds})
    about = _definitions(texts, counts, "area_about", "trend_about")
    return [
        _months(texts, "digital_months", ["digital.digital_share"], width=8),
        _months(texts, "contacts_months", contacts, stacked=True, width=8),
        bars(texts, texts("hyte_months"), about, columns, sql, width=8),
    ]
