"""Panels of several figures, with names and definitions: bars over periods, and tables of the values of a key."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from grafana_foundation_sdk.builders import barchart, table

from deploy.grafana.breakdown import by_key
from deploy.grafana.columns import Column, figure
from deploy.grafana.sources import Further, source
from deploy.grafana.sql import trend
from deploy.grafana.sql_panels import bars, rows
from deploy.grafana.texts import Texts

Titles = Mapping[str, str]
"""Names of columns by their sources, where they are not those of the report."""


def definitions(texts: Texts, names: Sequence[str], *more: str) -> str:
    """The definitions of the figures of sources, then further texts."""
    views = dict.fromkeys(source(name).view for name in names)
    return " ".join([*map(texts.definition, views), *map(texts, more)])


def figures(texts: Texts, names: Sequence[str], titles: Titles, **settings: Any) -> list[Column]:
    """A column for each source."""
    return [
        figure(texts, name, **(settings | ({"title": texts(titles[name])} if name in titles else {}))) for name in names
    ]


def period_bars(
    texts: Texts,
    title: str,
    last: tuple[str, int],
    names: Sequence[str],
    scope: Callable[[str], str],
    further: Further,
    *more: str,
    titles: Titles,
    **settings: Any,
) -> barchart.Panel:
    """Bars of the last periods, the newest at the right. `last`: their kind and number; `more`: texts about them."""
    columns = [Column("label"), *figures(texts, names, titles)]
    about = definitions(texts, names, *more, "trend_about")
    return bars(texts, texts(title), about, columns, trend(texts, *last, names, scope, further), **settings)


def key_rows(
    texts: Texts,
    title: str,
    key: str,
    name: Column,
    names: Sequence[str],
    scope: Callable[[str], str],
    further: Further,
    *more: str,
    titles: Titles,
    first: Sequence[str] = (),
    order: str = "",
    totals: bool = True,
    **settings: Any,
) -> table.Panel:
    """A table of the values of a key in the chosen period. `name`: the column that names them, and may open one."""
    columns = [name, Column(key, invisible=True), *figures(texts, names, titles)]
    sql = by_key(texts, key, names, scope, further, first=first, order=order, totals=totals)
    return rows(texts, texts(title), definitions(texts, names, *more), columns, sql, **settings)
