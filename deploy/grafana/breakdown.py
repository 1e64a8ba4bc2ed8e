"""A query with a row for each value of a key, such as line, channel or segment, in the chosen period."""

from collections.abc import Callable, Sequence

from deploy.grafana.sources import Further, shown, source
from deploy.grafana.sql import ALL, PERIOD, keys, literal, marks, name_of, scope_name
from deploy.grafana.texts import Texts


def by_key(
    texts: Texts,
    key: str,
    sources: Sequence[str],
    scope: Callable[[str], str],
    further: Further | None = None,
    *,
    first: Sequence[str] = (),
    order: str = "",
    totals: bool = True,
    chart: bool = False,
) -> str:
    """Columns `name`, with its marks, the key, and one for each source (`sources.source`).

    `key` 'scope': `scope` is a condition for several scopes of a level. `first`: the codes that come after 'all', in
    this order; the others follow by `order`, columns of views with a comma behind each, and by name. `totals`: with
    the row of 'all'. `chart`: without the key, and marks say what is hidden or missing, which the cells of a table do
    themselves.
    """
    found = [source(text) for text in sources]
    views = {each.row: each.view for each in found}
    any_value = {} if key == "scope" else {key: "*"}

    def rows_of(row: str, alias: str) -> str:
        condition = keys(views[row], alias, scope(alias), **any_value, **(further or {}).get(row, {}))
        parts = "" if totals else f" and {alias}.{key} <> '{ALL}'"
        return f"{condition}\n  and {alias}.period = {PERIOD}{parts}"

    values = "\n  union ".join(
        f"select f.county, f.scope_level, f.scope, f.{key}::text as code from report.{view} f where {rows_of(row, 'f')}"
        for row, view in views.items()
    )
    joins = "\n".join(
        f"left join report.{view} {row} on {row}.{key}::text = s.code and {rows_of(row, row)}"
        for row, view in views.items()
    )
    name = scope_name(texts, "s") if key == "scope" else name_of(texts, literal(key), "s.code")
    numbers = ", ".join(each.drawn if chart else f"{shown(each.row, each.column)} as {each.name}" for each in found)
    code = "" if chart else f"s.code as {key}, "
    return f"""select {name} || {marks(texts, list(views), found, cells=not chart)} as name, {code}{numbers}
from ({values}) s
{joins}
order by array_position(array[{", ".join(map(literal, (ALL, *first)))}], s.code), {order}1"""
