"""Queries that only the dashboard of the first line has."""

from collections.abc import Sequence

from deploy.grafana.sql import (
    ALL,
    COUNTY,
    TODAY,
    choice,
    keys,
    literal,
    name_of,
    of_county,
    over,
    period_name,
    scope_name,
)
from deploy.grafana.texts import Texts


def newest_days(texts: Texts, sources: Sequence[str]) -> str:
    """The seven days until the newest published one, and today and yesterday: rows of days are of the county only."""
    of_days = f"{keys('access', 'f', of_county('f'))} and f.period_kind = 'day'"
    periods = f"""(
    select 'day' as period_kind, to_char(d.day, 'YYYY-MM-DD') as period, d.day as first_day from (
      select (select least(max(f.period)::date, {TODAY}) from report.access f where {of_days}) - n as day
      from generate_series(0, 6) n
      union select {TODAY} - n from generate_series(0, 1) n
    ) d
  ) p"""
    name = f"""{period_name("p")} || case p.first_day when {TODAY} then {literal(", " + texts("today"))}
    when {TODAY} - 1 then {literal(", " + texts("yesterday"))} else '' end"""
    return over(texts, periods, name, sources, of_county, newest_first=True)


def scope_of(texts: Texts, levels: Sequence[str], channel: str) -> str:
    """What numbers are of: the name of the chosen line or area, and of the channel (an expression)."""
    all_channels = literal(texts("all_channels"))
    return f"""select {scope_name(texts, "s")} || ', '
    || case {channel} when '{ALL}' then {all_channels} else {name_of(texts, "'channel'", channel)} end as scope
from (select {COUNTY} as county, c.level as scope_level, c.code as scope from ({choice(levels)}) c) s
where s.scope <> ''"""
