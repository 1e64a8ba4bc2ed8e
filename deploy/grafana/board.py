"""A dashboard out of rows of panels, with its variables and with links to the others."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import DashboardLink, DashboardLinkType, Panel

from deploy.grafana.texts import Texts
from deploy.grafana.variables import variables
from deploy.report import LANGUAGES

_TAG: Final = "hva-metrics"
Rows = Mapping[str, Sequence[Builder[Panel]]]
"""Panels by the titles of their rows."""


class _Link(Builder[DashboardLink]):
    """A link that Grafana shows in the list of links: the default placement hides links to dashboards."""

    def __init__(self, link: dashboard.DashboardLink) -> None:
        self._link = link

    def build(self) -> DashboardLink:
        link = self._link.build()
        link.placement = None  # type: ignore[assignment]
        return link


def figures_board(name: str, texts: Texts, rows: Rows, shown: Collection[str]) -> dashboard.Dashboard:
    """A dashboard of published figures. `shown` are the variables that the reader can choose.

    Periods are chosen by a variable, so the time picker is hidden.
    """
    board = new_board(name, texts, "now-2y", "1h")
    board.timepicker(dashboard.TimePicker().hidden(True))
    for variable in variables(texts, shown):
        board.with_variable(variable)
    return fill(board, rows)


def new_board(name: str, texts: Texts, since: str, refresh: str) -> dashboard.Dashboard:
    """An empty dashboard with links to those of the same language and to itself in the other languages."""
    language = texts.language
    board = dashboard.Dashboard(texts("title")).uid(f"hva-{name}-{language}").description(texts("about"))
    board.tags([_TAG, f"{_TAG}-{language}"]).readonly().timezone("Europe/Helsinki").week_start("monday")
    board.time(since, "now").refresh(refresh)
    others = dashboard.DashboardLink(texts("boards")).type(DashboardLinkType.DASHBOARDS)
    board.link(_Link(others.tags([f"{_TAG}-{language}"]).as_dropdown(True).include_vars(True)))
    for other in LANGUAGES:
        if other != language:
            link = dashboard.DashboardLink(texts(f"language_{other}")).type(DashboardLinkType.LINK)
            board.link(_Link(link.url(f"/d/hva-{name}-{other}").include_vars(True)))
    return board


def fill(board: dashboard.Dashboard, rows: Rows) -> dashboard.Dashboard:
    """Add rows of panels."""
    for title, panels in rows.items():
        board.with_row(dashboard.Row(title))
        for panel in panels:
            board.with_panel(panel)
    return board
