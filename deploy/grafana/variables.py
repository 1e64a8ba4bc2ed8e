"""Variables of dashboards: where, when and of which channel. A dashboard shows some; all carry them along in links.

The value 'all' means no choice: no register may have it as a code.
"""

from collections.abc import Collection
from typing import Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models.dashboard import VariableHide, VariableOption, VariableRefresh

from deploy.grafana.sql import ALL, COUNTY, LEVELS, SOURCE, TODAY, literal, name_of, period_name, unit_name, variable
from deploy.grafana.texts import Texts
from shared.disclosure.model import VIEWS

NAMES: Final = ("county", *reversed(LEVELS), "line", "channel", "segment", "period_kind", "period")
"""All variables, in their order."""
KINDS: Final = ("quarter", "month", "year")

_OF_COUNTY: Final = f"where county = {COUNTY} and scope_level = 'county' and channel = '{ALL}' and segment = '{ALL}'"
# Rows of the county decide which periods there are: one view of each family.
_LISTED: Final = " union ".join(
    f"select period from report.{view} {_OF_COUNTY} and period_kind = {variable('period_kind')}"
    for view in ("response", "access", "events_per_client")
)
# Which of them lack a figure. The primary key finds the periods of an array; no index has the kind of a period.
_PERIODS: Final = " union all ".join(
    f"select period_kind, period, state, '{name}' as view, {str(view.by_month).lower()} as by_month"
    f" from report.{name} {_OF_COUNTY} and period = any (array(select l.period from listed l))"
    for name, view in VIEWS.items()
)
_FIGURES_OF_A_MONTH: Final = sum(view.by_month for view in VIEWS.values())

Variable = dashboard.QueryVariable | dashboard.CustomVariable


def variables(texts: Texts, shown: Collection[str]) -> list[Variable]:
    """All variables; those that are not shown keep their values for other dashboards."""
    return [_hide(_variable(texts, name), name not in shown) for name in NAMES]


def _variable(texts: Texts, name: str) -> Variable:
    label = texts(f"variable_{name}")
    if name == "period_kind":
        return _period_kind(texts, label)
    query = _query(texts, name)
    found = dashboard.QueryVariable(name).label(label).datasource(SOURCE).query(query).definition(query)
    return found.refresh(VariableRefresh.ON_DASHBOARD_LOAD).allow_custom_value(False)


def _query(texts: Texts, name: str) -> str:
    if name == "county":
        return f"""select county as __value, {name_of(texts, "'county'", "county")} as __text
from (select county from report.unit union select county from report.publication) c order by 2"""
    if name == "period":
        return _periods(texts)
    first = f"select 0 as position, '{ALL}' as __value, {literal(texts('variable_all'))} as __text"
    if name in LEVELS:
        found = _scopes(texts, name)
    else:
        found = f"""select distinct 1, s.code, {name_of(texts, f"'{name}'", "s.code")}
from report.code_shown s where s.county = {COUNTY} and s.key = '{name}' and s.code <> '{ALL}'"""
    return f"select __value, __text from (\n{first}\nunion all\n{found}\n) v order by position, __text"


def _scopes(texts: Texts, level: str) -> str:
    """The scopes of a level that lie in those chosen above it."""
    above = [name for name in reversed(LEVELS) if LEVELS.index(name) > LEVELS.index(level)]
    conditions = "".join(f" and {variable(name)} in ('{ALL}', u.{name})" for name in above)
    name = unit_name(texts, "u") if level == "unit" else name_of(texts, f"'{level}'", f"u.{level}")
    return f"""select distinct 1, u.{level}, {name}
from report.unit u where u.county = {COUNTY} and u.{level} <> ''{conditions}"""


def _periods(texts: Texts) -> str:
    """Periods with their dates; those that may still change or lack a figure say so.

    Grafana chooses the first one: the newest that has ended. Running ones, which are nearly empty, come last.
    """
    incomplete, provisional = literal(texts("incomplete_short")), literal(texts("provisional"))
    return f"""with listed as ({_LISTED})
select p.period as __value, {period_name("p")} || ' (' || to_char(p.first_day, 'FMDD.FMMM.')
  || to_char(p.last_day, '–FMDD.FMMM.YYYY)') || coalesce(' ' || nullif(concat_ws(', ',
    case when count(distinct f.view) filter (where f.by_month or p.period_kind <> 'month')
      < case p.period_kind when 'month' then {_FIGURES_OF_A_MONTH} else {len(VIEWS)} end then {incomplete} end,
    case when bool_or(f.state = 'provisional') then {provisional} end), ''), '') as __text
from ({_PERIODS}) f join report.period p using (period_kind, period)
group by p.period_kind, p.period, p.first_day, p.last_day order by p.last_day >= {TODAY}, p.first_day desc"""


def _period_kind(texts: Texts, label: str) -> dashboard.CustomVariable:
    names = {kind: texts(f"kind_{kind}") for kind in KINDS}
    found = dashboard.CustomVariable("period_kind").label(label)
    found.values(", ".join(f"{text} : {kind}" for kind, text in names.items()))
    return found.current(VariableOption(text=names[KINDS[0]], value=KINDS[0])).allow_custom_value(False)


def _hide(found: Variable, hidden: bool) -> Variable:
    return found.hide(VariableHide.HIDE_VARIABLE) if hidden else found
