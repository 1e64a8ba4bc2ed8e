"""The dashboard of those who run the first line: do clients get an answer, in time, and is the matter settled at once?

Lines are scopes of their own: a line is not a part of a division, and has no published rows by channel.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard

from deploy.grafana.board import figures_board
from deploy.grafana.columns import Column, figure, label
from deploy.grafana.figure_panels import definitions, figures, key_rows, period_bars
from deploy.grafana.first_line_days import newest_days, scope_of
from deploy.grafana.sources import Further, source, sources
from deploy.grafana.sql import ALL, chosen, of_county, value, variable, within
from deploy.grafana.sql_panels import SqlPanel, number, rows
from deploy.grafana.texts import Texts

NAME: Final = "first_line"
_AREAS: Final = ("service_area", "result_area", "division")
_LEVELS: Final = ("line", *_AREAS)
_VARIABLES: Final = ("county", *reversed(_AREAS), "line", "channel", "period_kind", "period")
_DAYS: Final = ("day", 31)
_MONTHS: Final = ("month", 13)
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
_HYTE: Final = ("first_line_guidance", "tray_visit", "exercise_referral", "digital_path_coaching")

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
_TITLES: Final = {
    name: f"number_{source(name).column}"
    for name in (*_NUMBERS, "fcr_client.fcr_client", "access.bounce_rate", "hyte.count")
}
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


def _days(texts: Texts) -> SqlPanel:
    """The newest published days of the county; today and yesterday are there in any case."""
    columns = [label(texts, "label", texts("day"), width=260), *figures(texts, _TODAY, _TITLES, empty=_NONE)]
    sql = newest_days(texts, _TODAY)
    return rows(texts, texts("days"), definitions(texts, _TODAY, "days_about"), columns, sql)


def _about(texts: Texts) -> SqlPanel:
    return number(texts, texts("scope"), texts("scope_about"), Column("scope"), scope_of(texts, _LEVELS, _CHANNEL))


def _number(texts: Texts, name: str) -> SqlPanel:
    of = source(name)
    sql = value(texts, name, _scope, **_OF_CHANNEL.get(of.view, {}))
    return number(texts, texts(f"number_{of.column}"), texts.definition(of.view), figure(texts, name, title=""), sql)


def _table(
    texts: Texts,
    title: str,
    key: str,
    name: Column,
    names: Sequence[str],
    scope: Callable[[str], str],
    *more: str,
    height: int = 7,
) -> SqlPanel:
    return key_rows(texts, title, key, name, names, scope, _HEADLINE, *more, titles=_TITLES, height=height)


def _lines(texts: Texts) -> Sequence[SqlPanel]:
    """The lines of the county; a click chooses one."""
    name = label(texts, "name", texts.report("key_line"), width=220, opens=NAME, sets="line")
    return [
        _table(texts, "lines_access", "scope", name, _ACCESS, _of_lines, "lines_about"),
        _table(texts, "lines_fcr", "scope", name, _FCR, _of_lines),
        _table(texts, "lines_others", "scope", name, (*_TRANSFERS, *_OTHERS), _of_lines, "guidance_about"),
    ]


def _channels(texts: Texts) -> Sequence[SqlPanel]:
    name = label(texts, "name", texts.report("key_channel"), width=220)
    return [
        _table(texts, "channels_access", "channel", name, _ACCESS, _area, "area_about", "channels_about"),
        _table(texts, "channels_fcr", "channel", name, (*_FCR, *_TRANSFERS), _area, "area_about", "channels_about"),
    ]


def _units(texts: Texts) -> SqlPanel:
    """The units of the chosen area; a click opens one."""

    def scope(row: str) -> str:
        return within(row, "unit", _AREAS)

    name = label(texts, "name", texts("variable_unit"), width=260, opens="unit", sets="unit")
    shown = ("access.inbound", _ANSWERED[0], _ANSWERED[4], *_WAITS, *_FCR[:3])
    return _table(texts, "units", "scope", name, shown, scope, "units_about", height=12)


def _months(
    texts: Texts, title: str, names: Sequence[str], further: Further = _OF_CHANNEL, *more: str, **settings: Any
) -> SqlPanel:
    """Bars of the last months of the chosen line or area."""
    return period_bars(texts, title, _MONTHS, names, _scope, further, *more, titles=_TITLES, **settings)


def _waits(texts: Texts) -> Sequence[SqlPanel]:
    """Waits by day and by month. Their histogram is not published, only these two of its percentiles."""
    of_days = period_bars(
        texts,
        "waits_days",
        _DAYS,
        _WAITS,
        of_county,
        _HEADLINE,
        "waits_about",
        titles=_TITLES,
        width=24,
        logarithmic=True,
    )
    return [
        of_days,
        _months(texts, "waits_months", _WAITS, _OF_CHANNEL, "waits_about", logarithmic=True),
        _months(texts, "answered_months", [_ANSWERED[0], *_ANSWERED[3:]]),
    ]


def _settled(texts: Texts) -> Sequence[SqlPanel]:
    of_channel = {view: {"channel": _CHANNEL} for view in _BY_CHANNEL}
    name = label(texts, "name", texts("window"), width=160)
    titles = {each: f"window_{source(each).column}" for each in _WINDOWS}
    windows = key_rows(
        texts,
        "windows",
        "window_days",
        name,
        _WINDOWS,
        _scope,
        of_channel,
        "windows_about",
        titles=titles,
        first=("1", "7", "30"),
        width=10,
    )
    return [_months(texts, "fcr_months", _FCR[:3], width=14), windows]


def _returning(texts: Texts) -> Sequence[SqlPanel]:
    return [
        _months(texts, "bounce_months", _TRANSFERS[1:], width=8),
        _months(texts, "transfers_months", _TRANSFERS[:1], width=8),
        _months(texts, "revolving_months", ["revolving.index"], width=8),
    ]


def _digital(texts: Texts) -> Sequence[SqlPanel]:
    contacts = sources("digital", "phone chat sms digital_booking")
    titles = {f"{kind}:hyte.count": f"kind_{kind}" for kind in _HYTE}
    further = {kind: {"kind": kind} for kind in _HYTE}
    hyte = period_bars(
        texts, "hyte_months", _MONTHS, list(titles), _area, further, "area_about", titles=titles, width=8
    )
    return [
        _months(texts, "digital_months", ["digital.digital_share"], width=8),
        _months(texts, "contacts_months", contacts, stacked=True, width=8),
        hyte,
    ]
