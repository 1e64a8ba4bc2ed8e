"""Answers to questions: how they are distributed as stacked bars, and their figures as a table."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from deploy.grafana.breakdown import by_key
from deploy.grafana.columns import Column, figure, label
from deploy.grafana.nps_quarters import bounds
from deploy.grafana.sources import number, source, sources
from deploy.grafana.sql import PERIOD, keys, literal, marks, name_of
from deploy.grafana.sql_panels import SqlPanel, bars, rows
from deploy.grafana.texts import Texts
from deploy.grafana.theme import SCALE
from shared.contracts.feedback import COPING, NATIONAL

Scope = Callable[[str], str]
_STATEMENT: Final = dict(zip(("c1", "c2", "c3", "c4", "c5"), SCALE, strict=True))
_PEI: Final = {"same_or_less": SCALE[0], "better": SCALE[3], "much_better": SCALE[4]}


def statements(texts: Texts, scope: Scope) -> list[SqlPanel]:
    """The seven national statements as bars, and every statement as a row of a table."""
    about = texts.definition("statement")
    found = sources("statement", "top1 top1_low top1_high top2 n not_applicable")
    columns = [
        label(texts, "name", texts.report("key_question"), wrapped=True),
        Column("question", invisible=True),
        figure(texts, found[0], width=150),
        *bounds(texts, found[0], width=130),
        *(figure(texts, source, width=130) for source in found[3:]),
    ]
    sql = by_key(texts, "question", found, scope)
    return [
        _distribution(texts, texts("statements_bars"), "statement", NATIONAL, _STATEMENT, scope, width=24, height=11),
        rows(texts, texts.figure("statement"), about, columns, sql),
    ]


def coping(texts: Texts, scope: Scope) -> list[SqlPanel]:
    """The two questions of PEI."""
    found = sources("pei", "enabled_share n dont_know_share")
    columns = [
        label(texts, "name", texts.report("key_question"), wrapped=True),
        Column("question", invisible=True),
        *(figure(texts, source, width=130) for source in found),
    ]
    sql = by_key(texts, "question", found, scope)
    about = texts.definition("pei")
    return [
        _distribution(texts, texts("pei_bars"), "pei", COPING, _PEI, scope, width=12, height=7),
        rows(texts, texts.figure("pei"), about, columns, sql, width=12, height=7),
    ]


def _distribution(
    texts: Texts,
    title: str,
    view: str,
    questions: Sequence[str],
    answers: Mapping[str, str],
    scope: Scope,
    *,
    width: int,
    height: int,
) -> SqlPanel:
    """Shares of answers, which add up to 1: a bar for each question, with the colour of each answer."""
    asked = ", ".join(f"({i}, {literal(question)})" for i, question in enumerate(questions))
    drawn = [source(f"f:{view}.{name}/n") for name in answers]
    shares = ", ".join(f"{number('f', f'{name}/n')} as {name}" for name in answers)
    sql = f"""select {name_of(texts, "'question'", "q.question")} || {marks(texts, ["f"], drawn)} as label, {shares}
from (values {asked}) q(position, question)
left join report.{view} f on f.question = q.question and f.period = {PERIOD}
  and {keys(view, "f", scope("f"), question="*")}
order by q.position"""
    series = [Column(name, texts(f"answer_{name}"), "share", color=color) for name, color in answers.items()]
    about = f"{texts.definition(view)} {texts('bars_about')}"
    columns = [Column("label"), *series]
    return bars(texts, title, about, columns, sql, width=width, height=height, horizontal=True, stacked=True)
