"""Why NPS changed since the period before: within channels, or because the mix of channels changed.

The formulas are those of `figures.nps_mix` (docs/figures.md). Each channel's parts are of published rows only. The sums
are there only when no channel is hidden.
"""

from collections.abc import Callable

from deploy.grafana.columns import Column, label
from deploy.grafana.sources import complete_sum, shown
from deploy.grafana.sql import ALL, BEFORE, PERIOD, keys, marks, name_of, period_name
from deploy.grafana.sql_panels import SqlPanel, number, rows, words
from deploy.grafana.texts import Texts


def nps_mix(texts: Texts, scope: Callable[[str], str]) -> list[SqlPanel]:
    """The change as three numbers, and the part of each channel. `scope` is of a level that has rows of channels."""
    channels = _channels(texts, scope)
    sums = {
        "change": "min(score_change)",  # the same in every row
        "within": complete_sum("within"),
        "mix": complete_sum("mix"),
    }
    found: list[SqlPanel] = []
    for name, value in sums.items():
        sql = f"select {value} as {name}, min(label) as label\nfrom ({channels}) c having count(*) > 0"
        empty = texts("hidden") if name == "change" else texts("mix_hidden")
        shown_as = Column(name, unit="points", empty=empty)
        none = (texts("mix_none_short"), texts("mix_none"))
        found.append(number(texts, texts(f"mix_{name}"), texts("mix_about"), shown_as, sql, none=none))
    about = f"{texts('mix_about')} {texts('mix_channels_about')}"
    columns = [
        label(texts, "name", texts.report("key_channel")),
        Column("share_a", texts("mix_share_before"), "share", width=130),
        Column("share_b", texts("mix_share_now"), "share", width=130),
        Column("score_a", texts("mix_score_before"), "points", width=130),
        Column("score_b", texts("mix_score_now"), "points", width=130),
        Column("within", texts("mix_within"), "points", width=170),
        Column("mix", texts("mix_mix"), "points", width=170),
    ]
    sql = f"""select name, share_a, share_b, score_a, score_b, within, mix
from ({channels}) c order by share_b desc nulls last, name"""
    return [
        *found,
        words(texts("mix_words_title"), texts("mix_words"), width=12, height=4),
        rows(texts, texts("mix_channels"), about, columns, sql, no_value=texts("mix_none")),
    ]


def _channels(texts: Texts, scope: Callable[[str], str]) -> str:
    """A query of the channels of both periods: a is the one before, b the chosen one.

    A channel without a row had no answers. It takes the score of the other period.
    """

    def rows_of(row: str, period: str, channel: str) -> str:
        return f"{keys('nps', row, scope(row), channel=channel)}\n  and {row}.period = {period}"

    def row_of(row: str, period: str) -> str:
        return f"(select * from report.nps f where {rows_of('f', period, '*')} and f.channel <> '{ALL}') {row}"

    def share(row: str) -> str:
        return f"case when {row}.suppressed then null else coalesce({row}.n, 0) end / t.n_{row}::double precision"

    return f"""select name, label, hidden, score_change, share_a, share_b, score_a, score_b,
    (share_a + share_b) / 2 * (coalesce(own_b, own_a) - coalesce(own_a, own_b)) as within,
    (coalesce(own_a, own_b) + coalesce(own_b, own_a)) / 2 * (share_b - share_a) as mix
  from (
    select {name_of(texts, "'channel'", "channel")} || {marks(texts, ["a", "b"], cells=True)} as name,
      coalesce(a.suppressed, false) or coalesce(b.suppressed, false) or t.n_a is null or t.n_b is null as hidden,
      t.label, t.score_change, a.score as own_a, b.score as own_b, {share("a")} as share_a, {share("b")} as share_b,
      {shown("a", "score")} as score_a, {shown("b", "score")} as score_b
    from {row_of("a", BEFORE)}
    full join {row_of("b", PERIOD)} using (channel)
    cross join (
      select a.n as n_a, b.n as n_b, b.score - a.score as score_change,
        {period_name("p")} || {marks(texts, ["a", "b"], cells=True)} as label
      from report.nps a, report.nps b join report.period p using (period_kind, period)
      where {rows_of("a", BEFORE, ALL)}
      and {rows_of("b", PERIOD, ALL)}
    ) t
  ) parts"""
