"""Queries on the published tables: the parts that they share.

Values of variables reach SQL as `${name:sqlstring}` only, which quotes them. A hidden number is NULL. Where there is no
number (a denominator of 0, or no published row beside others), it is NaN. Without any published row there is no row.
"""

from collections.abc import Callable, Sequence
from typing import Final

from grafana_foundation_sdk.models.common import DataSourceRef

from deploy.grafana.sources import Further, Source, number, shown, source
from deploy.grafana.texts import Texts
from shared.publication.protection import keys_of

SOURCE: Final = DataSourceRef(type_val="grafana-postgresql-datasource", uid="postgresql")
ALL: Final = "all"
LEVELS: Final = ("unit", "service_area", "result_area", "division")
"""The levels that a reader can choose below the county, the lowest first."""


def literal(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def variable(name: str) -> str:
    """The value of a variable, quoted."""
    return f"${{{name}:sqlstring}}"


COUNTY: Final = variable("county")
PERIOD: Final = variable("period")
BEFORE: Final = f"""(
    select p.period from report.period p join report.period c using (period_kind)
    where c.period = {PERIOD} and p.last_day = c.first_day - 1)"""
"""The period before the chosen one, of the same length."""
TODAY: Final = "(now() at time zone 'Europe/Helsinki')::date"


def choice(levels: Sequence[str] = LEVELS) -> str:
    """A query of the level and the code of the scope that the reader has chosen: of the first of the levels that is not
    'all', else of the county.
    """
    values = "".join(f"({i}, '{level}', {variable(level)}), " for i, level in enumerate(levels))
    return f"""
    select level, code from (values {values}({len(levels)}, 'county', {COUNTY})) v(depth, level, code)
    where code <> '{ALL}' order by depth limit 1"""


def chosen(row: str, levels: Sequence[str] = LEVELS) -> str:
    """Whether a row is about the scope that the reader has chosen. A dashboard passes the levels that its reader can
    choose, the lowest first.
    """
    return f"({row}.scope_level, {row}.scope) = ({choice(levels)})"


def of_county(row: str) -> str:
    """Whether a row is about the whole county."""
    return f"{row}.scope_level = 'county'"


def within(row: str, level: str, levels: Sequence[str] = LEVELS) -> str:
    """Whether a row is about a scope of a level that lies in what the reader has chosen.

    The scopes are an array, which PostgreSQL reads once: it would read the view of units again for each row.
    """
    conditions = "".join(f"\n      and {variable(name)} in ('{ALL}', u.{name})" for name in reversed(levels))
    return f"""{row}.scope_level = '{level}' and {row}.scope = any (array(
    select u.{level} from report.unit u where u.county = {COUNTY}{conditions}))"""


def keys(view: str, row: str, scope: str, **others: str) -> str:
    """The condition for rows of a view: county, scope, and every further key 'all' unless given.

    `others`: values of keys by their names; '*' for a key that is not restricted; an expression is in brackets.
    """
    conditions = [f"{row}.county = {COUNTY}", scope]
    for key in keys_of(view):
        if key in ("county", "period_kind", "period", "scope_level", "scope"):
            continue
        value = others.pop(key, ALL)
        if value != "*":
            wanted = value if value.startswith(("${", "(")) or value.isdigit() else literal(value)
            conditions.append(f"{row}.{key} = {wanted}")
    if others:
        raise ValueError(f"{view} has no key {', '.join(others)}")
    return "\n  and ".join(conditions)


def words(code: str) -> str:
    """A code without a name, as words."""
    return f"upper(left({code}, 1)) || translate(substr({code}, 2), '-_', '  ')"


def name_of(texts: Texts, key: str, code: str) -> str:
    """The name of a code in the language of the texts, or else the code as words. `key` is an expression."""
    return f"""coalesce((
    select c.name_{texts.language} from report.code c where c.named and c.key = {key} and c.code = {code}
  ), {words(code)})"""


def unit_name(texts: Texts, row: str) -> str:
    """The name of a unit of `report.unit`, or else its code as words."""
    return f"coalesce(nullif({row}.name_{texts.language}, ''), {words(f'{row}.unit')})"


def scope_name(texts: Texts, row: str) -> str:
    """The name of the scope of a row: a unit by the register, other scopes by their codes."""
    return f"""coalesce((
    select nullif(u.name_{texts.language}, '') from report.unit u
    where {row}.scope_level = 'unit' and u.county = {row}.county and u.unit = {row}.scope
  ), {name_of(texts, f"{row}.scope_level", f"{row}.scope")})"""


def period_name(row: str) -> str:
    """The short name of a period of `report.period` or of a day: 31.3.2026, 3/2026, Q1/2026, 2026."""
    return f"""case {row}.period_kind
    when 'day' then to_char({row}.first_day, 'FMDD.FMMM.YYYY')
    when 'month' then to_char({row}.first_day, 'FMMM/YYYY')
    when 'quarter' then 'Q' || to_char({row}.first_day, 'Q/YYYY')
    else {row}.period
  end"""


def marks(texts: Texts, rows: Sequence[str], numbers: Sequence[Source] = (), *, cells: bool = False) -> str:
    """The marks of a row as words in brackets, or an empty text: no data, (partly) hidden, (partly) no figure, few
    answers, provisional.

    `rows`: the aliases that the row is made of, joined from the left. `numbers`: those that are drawn. `cells`: where
    the cells of a table say themselves what is hidden or missing, the marks do not.
    """

    def any_of(column: str) -> str:
        return f"({', '.join(f'{row}.{column}' for row in rows)})"

    suppressed, partly = any_of("suppressed"), literal(texts("hidden_partly"))
    hidden = f"case when false in {suppressed} then {partly} else {literal(texts('hidden_short'))} end"
    if len(rows) == 1:
        hidden = literal(texts("hidden_short"))
    of_cells = [
        f"case when coalesce{any_of('state')} is null then {literal(texts('missing'))} end",
        f"case when true in {suppressed} then {hidden} end",
    ]
    if numbers:
        undefined, partly = literal(texts("undefined")), literal(texts("undefined_partly"))
        empty = ", ".join(f"{n.row}.suppressed is not true and {number(n.row, n.column)} is null" for n in numbers)
        of_cells.append(
            f"""case when coalesce{any_of("state")} is null then null
      when false not in ({empty}) then {undefined} when true in ({empty}) then {partly} end"""
        )
    found = [
        *([] if cells else of_cells),
        f"case when true in {any_of('low_n')} then {literal(texts('low_n_short'))} end",
        f"case when 'provisional' in {any_of('state')} then {literal(texts('provisional'))} end",
    ]
    words_ = ",\n    ".join(found)
    return f"coalesce(' (' || nullif(concat_ws(', ',\n    {words_}), '') || ')', '')"


def value(texts: Texts, name: str, scope: Callable[[str], str], period: str = PERIOD, **further: str) -> str:
    """A query of one number of a period, from a source, and of the `label` above it: the period with its marks.

    `further`: keys that are not 'all'.
    """
    of = source(name)
    return f"""select {shown("f", of.column)} as {of.name},
  {period_name("p")} || {marks(texts, ["f"], cells=True)} as label
from report.{of.view} f join report.period p using (period_kind, period)
where {keys(of.view, "f", scope("f"), **further)}
  and f.period = {period}"""


def recent(kind: str, number: int) -> str:
    """A table `p` of the last periods of a kind until the end of the chosen period, none that has not begun."""
    if kind == "day":
        return f"""(
    select 'day' as period_kind, to_char(d.day, 'YYYY-MM-DD') as period, d.day as first_day, d.day as last_day
    from (select least(c.last_day, {TODAY}) - n as day from report.period c, generate_series(0, {number - 1}) n
          where c.period = {PERIOD}) d
  ) p"""
    return f"""(
    select p.period_kind, p.period, p.first_day, p.last_day from report.period p
    where p.period_kind = '{kind}' and p.first_day <= {TODAY}
      and p.first_day <= (select c.last_day from report.period c where c.period = {PERIOD})
    order by p.first_day desc limit {number}
  ) p"""


def trend(
    texts: Texts,
    kind: str,
    number: int,
    names: Sequence[str],
    scope: Callable[[str], str],
    further: Further | None = None,
    *,
    newest_first: bool = False,
) -> str:
    """A query of the last periods of a kind: `label` with its marks, and a column for each source of `names`.

    `scope`: the condition for the rows of an alias. A period without a published row is there, too, and its label says
    so.
    """
    return over(texts, recent(kind, number), period_name("p"), names, scope, further, newest_first=newest_first)


def over(
    texts: Texts,
    periods: str,
    name: str,
    names: Sequence[str],
    scope: Callable[[str], str],
    further: Further | None = None,
    *,
    newest_first: bool = False,
) -> str:
    """The same of a table `p` of periods; `name` is an expression."""
    found = [source(each) for each in names]
    views = {each.row: each.view for each in found}
    joins = "\n".join(
        f"left join report.{view} {row} on {row}.period = p.period and "
        + keys(view, row, scope(row), **(further or {}).get(row, {}))
        for row, view in views.items()
    )
    return f"""select {name} || {marks(texts, list(views), found)} as label, {", ".join(each.drawn for each in found)}
from {periods}
{joins}
order by p.first_day{" desc" if newest_first else ""}"""


def number_words(texts: Texts, value: str, decimals: int) -> str:
    """A number as text, with the separators of the language."""
    pattern = "FM999,999,990" + ("." + "0" * decimals if decimals else "")
    written = f"to_char(({value})::numeric, '{pattern}')"
    return written if texts.language == "en" else f"translate({written}, ',.', '\u00a0,')"
