"""The dashboard of one unit: everything that is published of it. Other dashboards open it from a row of a unit."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.builders import dashboard

from deploy.grafana.answers import coping, statements
from deploy.grafana.board import figures_board
from deploy.grafana.columns import Column, figure
from deploy.grafana.figure_panels import key_rows, period_bars
from deploy.grafana.nps_quarters import nps_quarters
from deploy.grafana.publication import state
from deploy.grafana.sources import source, sources
from deploy.grafana.sql import ALL, COUNTY, LEVELS, literal, name_of, unit_name, value, variable
from deploy.grafana.sql_panels import SqlPanel, number, rows
from deploy.grafana.texts import Texts

NAME: Final = "unit"
_VARIABLES: Final = ("county", *reversed(LEVELS), "period_kind", "period")
_CONFIRMED: Final = {"fcr_confirmed": {"window_days": "7"}}
_MONTHS: Final = ("month", 13)
_NUMBERS: Final = (
    *sources("nps", "score n"),
    "response_rate.rate",
    *sources("direct_feedback", "n replied_in_time/wants_reply"),
    *sources("access", "inbound answered_share promise_kept_share"),
    "fcr.net",
    "digital.digital_share",
    "service_events.events",
)
_TRENDS: Final = {
    "nps_months": ("nps.score",),
    "rate_months": ("response_rate.rate",),
    "fcr_months": ("fcr.gross", "fcr.net", "fcr_confirmed.fcr_confirmed"),
    "access_months": ("access.answered_share", "access.promise_kept_share"),
    "contacts_months": ("access.inbound",),
    "digital_months": ("digital.digital_share",),
    "feedback_months": ("direct_feedback.n",),
    "events_months": ("service_events.events", "events_per_client.member_events"),
}


def build(texts: Texts) -> dashboard.Dashboard:
    """The dashboard in a language."""
    found: dict[str, Sequence[SqlPanel]] = {
        texts("row_unit"): [_units(texts)],
        texts("row_now"): [state(texts), *(_number(texts, name) for name in _NUMBERS)],
        texts("row_trends"): [
            period_bars(texts, title, _MONTHS, names, _scope, _CONFIRMED, titles={}) for title, names in _TRENDS.items()
        ],
        texts("row_nps"): nps_quarters(texts, _scope),
        texts("row_statements"): statements(texts, _scope),
        texts("row_pei"): coping(texts, _scope),
        texts("row_events"): [_events(texts, key) for key in ("event_class", "sector")],
    }
    return figures_board(NAME, texts, found, _VARIABLES)


def _scope(row: str) -> str:
    """The rows of the chosen unit; none while no unit is chosen."""
    return f"{row}.scope_level = 'unit' and {row}.scope = {variable('unit')}"


def _number(texts: Texts, name: str) -> SqlPanel:
    of = source(name)
    title, shown_as = texts(f"number_{of.view}_{of.name}"), figure(texts, name, title="")
    return number(texts, title, texts.definition(of.view), shown_as, value(texts, name, _scope))


def _units(texts: Texts) -> SqlPanel:
    """The chosen unit and where it belongs; while no unit is chosen, those that can be."""
    above = [level for level in reversed(LEVELS) if level != "unit"]
    names = "".join(f",\n  {name_of(texts, literal(level), f'u.{level}')} as {level}_name" for level in above)
    codes = "".join(f", coalesce(nullif(u.{level}, ''), '{ALL}') as {level}" for level in above)
    conditions = "".join(f" and {variable(level)} in ('{ALL}', u.{level})" for level in reversed(LEVELS))
    sql = f"""select {unit_name(texts, "u")} as name, u.unit as scope{names}{codes}
from report.unit u where u.county = {COUNTY}{conditions} order by 1"""
    columns = [
        Column("name", texts("variable_unit"), opens=NAME, sets="unit"),
        Column("scope", invisible=True),
        *(
            Column(f"{level}_name", texts(f"variable_{level}"), opens="experience", sets=level, code=level)
            for level in above
        ),
        *(Column(level, invisible=True) for level in above),
    ]
    return rows(texts, texts("units"), texts("units_about"), columns, sql, height=6)


def _events(texts: Texts, key: str) -> SqlPanel:
    name, order = Column("name", texts(f"key_{key}")), "service_events.events desc nulls last, "
    names = ["service_events.events"]
    return key_rows(texts, f"events_{key}", key, name, names, _scope, {}, titles={}, order=order, width=12)
