"""Whether the figures of the chosen period are final, when they were published, and what of them is hidden."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.builders import stat, table, text

from deploy.grafana.columns import Column
from deploy.grafana.sql import COUNTY, PERIOD, literal, name_of
from deploy.grafana.sql_panels import number, rows, words
from deploy.grafana.texts import Texts
from deploy.grafana.theme import GREY
from shared.disclosure.model import VIEWS

_OF_PERIOD: Final = f"where county = {COUNTY} and period = {PERIOD}"
_IS_MONTH: Final = "(select p.period_kind = 'month' from report.period p where p.period = " + PERIOD + ")"


def _rows(texts: Texts, columns: str, condition: str = "") -> str:
    """The rows of all figures in the chosen period, with the position and the name of the figure."""
    return "\n  union all ".join(
        f"select {i} as position, {literal(name)} as view, {literal(texts.figure(name))} as figure, {columns}"
        f" from report.{name} {_OF_PERIOD}{condition}"
        for i, name in enumerate(VIEWS)
    )


def _expected(texts: Texts) -> str:
    """Every figure that is published of a period of the chosen length, with its rows of the county, if it has any."""
    figures = ", ".join(
        f"({i}, {literal(name)}, {literal(texts.figure(name))}, {str(view.by_month).lower()})"
        for i, (name, view) in enumerate(VIEWS.items())
    )
    return f"""(values {figures}) e(position, view, figure, by_month)
left join ({_rows(texts, "state, published_at", " and scope_level = 'county'")}) f using (position, view, figure)
where e.by_month or not {_IS_MONTH}"""


def state(texts: Texts, *, width: int = 4) -> stat.Panel:
    """Whether the figures are final. They are not complete while a figure has no published row."""
    sql = f"""select case when bool_or(f.state is null) then {literal(texts("incomplete"))}
  when bool_or(f.state = 'provisional') then {literal(texts.report("state_provisional"))}
  else {literal(texts.report("state_final"))} end as state
from {_expected(texts)}
having count(f.state) > 0"""
    return number(texts, texts("state_title"), texts("state_about"), Column("state"), sql, width=width)


def states(texts: Texts) -> table.Panel:
    """Of each figure: whether it is final, when it was published, the edition of the period, changes since then."""
    provisional, final = texts.report("state_provisional"), texts.report("state_final")
    sql = f"""select e.figure,
  case when bool_or(f.state is null) then {literal(texts("no_figures"))}
    when bool_or(f.state = 'provisional') then {literal(provisional)} else {literal(final)} end as state,
  to_char(max(f.published_at) at time zone 'Europe/Helsinki', 'FMDD.FMMM.YYYY HH24:MI') as published,
  coalesce((
    select e.edition || to_char(max(e.closed_at) at time zone 'Europe/Helsinki', ' (FMDD.FMMM.YYYY)')
    from report.edition e {_OF_PERIOD} group by e.edition order by e.edition desc limit 1
  ), {literal(texts("not_closed"))}) as edition,
  case when exists (select from report.edition e {_OF_PERIOD}) then (
    select count(*) from report.restatement r {_OF_PERIOD} and r.view = e.view
  ) end as restated
from {_expected(texts)}
group by e.position, e.view, e.figure order by e.position"""
    columns = [
        Column("figure", texts.report("figure_column"), wrapped=True),
        Column("state", texts.report("state"), width=110, marks=((f"/{provisional}|{texts('no_figures')}/", GREY),)),
        Column("published", texts.report("published"), width=150),
        Column("edition", texts.report("edition"), width=150, wrapped=True),
        Column("restated", texts("restated"), "count", width=120, empty=texts("not_closed")),
    ]
    return rows(texts, texts("states_title"), texts("states_about"), columns, sql, width=12, height=14)


def hidden(texts: Texts) -> Sequence[table.Panel | text.Panel]:
    """How many rows are hidden, by figure and level, and why."""
    whole = "concat_ws(' ', f.view, f.period_kind, f.period, f.scope_level)"
    sql = f"""select f.figure, {name_of(texts, "'scope_level'", "f.scope_level")} as level,
  count(*) filter (where f.suppressed) as hidden, count(*) as published,
  case when exists (select from report.publication p where p.county = {COUNTY} and {whole} = any (p.hidden_levels))
    then {literal(texts("whole_level"))} else {literal(texts("small_group"))} end as reason
from ({_rows(texts, "period_kind, period, scope_level, suppressed")}) f
group by f.position, f.view, f.figure, f.period_kind, f.period, f.scope_level
having bool_or(f.suppressed)
order by count(*) filter (where f.suppressed) desc, f.position, f.scope_level"""
    columns = [
        Column("figure", texts.report("figure_column"), wrapped=True),
        Column("level", texts("level"), width=140, wrapped=True),
        Column("hidden", texts.report("hidden_rows"), "count", width=120),
        Column("published", texts("all_rows"), "count", width=110),
        Column("reason", texts("reason"), width=200, wrapped=True),
    ]
    title, none = texts("hidden_title"), texts("hidden_none")
    found = rows(texts, title, texts("hidden_about"), columns, sql, width=12, height=14, no_value=none)
    explained = f"{texts.report('hidden_text')} {texts('low_n_about')} {texts('provisional_about')}"
    return [found, words(texts.report("hidden_title"), explained)]
