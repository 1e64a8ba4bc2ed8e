"""The key results of the chosen period as rows: what was aimed at, what came of it, and what people say of it."""

from typing import Final

from grafana_foundation_sdk.builders import table

from deploy.grafana.columns import Column
from deploy.grafana.sql import COUNTY, PERIOD, literal, number_words
from deploy.grafana.sql_panels import rows
from deploy.grafana.texts import Texts
from deploy.grafana.theme import BLUE, GREY, PURPLE, VERMILION
from deploy.report.labels import status_mark
from deploy.report.model import Unit
from deploy.report.tables import unit_of
from shared.registers.figures import METRICS

_COLORS: Final = {"planned": BLUE, "challenges": PURPLE, "support": VERMILION, None: GREY}
_MARKS: Final = tuple((f"/^{status_mark(status)}/", color) for status, color in _COLORS.items())
_DECIMALS: Final[dict[Unit, int]] = {"points": 1, "ratio": 2, "count": 0}
# The quarter or year of the chosen period: there are key results of these only.
_PERIOD: Final = f"""select q.period_kind, q.period, q.first_day from report.period q
  join report.period c on q.first_day <= c.first_day and q.last_day >= c.last_day
  where c.period = {PERIOD} and q.period_kind = case c.period_kind when 'year' then 'year' else 'quarter' end"""


def key_results(texts: Texts) -> table.Panel:
    """The table of key results."""
    columns = [
        Column("name", texts("key_result"), wrapped=True),
        Column("baseline", texts.report("baseline"), width=110),
        Column("target", texts.report("target"), width=110),
        Column("actual", texts.report("actual"), width=150),
        Column("progress", texts.report("progress"), "share", width=100, empty=texts("not_computed")),
        Column("verdict", texts("verdict"), width=190, wrapped=True),
        Column("status", texts.report("status"), width=260, wrapped=True, marks=_MARKS),
        Column("coverage", texts.report("coverage"), "share", width=110, empty=texts("not_computed")),
    ]
    about = texts("key_results_about")
    none = texts.report("objectives_none")
    return rows(texts, texts("row_key_results"), about, columns, _query(texts), height=11, no_value=none)


def _status(texts: Texts, status: str | None) -> str:
    return f"{status_mark(status)} {texts.report('status_' + (status or 'none'))}"


def _query(texts: Texts) -> str:
    statuses = " ".join(
        f"when {literal(status)} then {literal(_status(texts, status))}" for status in _COLORS if status is not None
    )
    missing, unset = literal(texts.report("missing")), literal(texts.report("not_set"))
    provisional = literal(f" ({texts('provisional')})")
    return f"""select coalesce(nullif(k.name_{texts.language}, ''), k.id) as name,
  coalesce({_amount(texts, "baseline")},
    case when k.baseline_period is null then {unset} else {missing} end) as baseline,
  coalesce({_amount(texts, "target")}, {missing}) as target,
  coalesce({_amount(texts, "actual")}, case when k.suppressed then {literal(texts("hidden_short"))} else {missing} end)
    || case when k.state = 'provisional' and k.actual is not null then {provisional} else '' end as actual,
  k.progress,
  case when k.met is null then {literal(texts.report("met_unknown"))}
    when k.coverage < 1 then {literal(texts.report("indicative"))}
    when k.met then {literal(texts.report("met"))} else {literal(texts.report("not_met"))} end as verdict,
  case k.status {statuses} else {literal(_status(texts, None))} end || coalesce(
    ' (' || k.status_by || to_char(k.status_at at time zone 'Europe/Helsinki', ', FMDD.FMMM.YYYY)'), '') as status,
  k.coverage
from report.key_result k join ({_PERIOD}) q using (period_kind, period)
where k.county = {COUNTY}
order by k.position, k.id"""


def _amount(texts: Texts, name: str) -> str:
    """A value of a key result as text, in the unit of its column."""
    by_unit: dict[Unit, set[str]] = {}
    for names in METRICS.values():
        for column in names:
            by_unit.setdefault(unit_of(column), set()).add(column)
    shares = ", ".join(map(literal, sorted(by_unit.pop("share"))))
    cases = [f"in ({shares}) then {number_words(texts, f'100 * k.{name}', 1)} || '\u00a0%'"]
    for unit, columns in sorted(by_unit.items()):
        listed = ", ".join(map(literal, sorted(columns)))
        cases.append(f"in ({listed}) then {number_words(texts, f'k.{name}', _DECIMALS[unit])}")
    column = "split_part(k.metric, '.', 2)"
    return "case " + "\n    ".join(f"when {column} {case}" for case in cases) + " end"
