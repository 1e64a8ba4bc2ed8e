"""`python -m deploy.grafana`: writes the dashboards for Grafana, `deploy/grafana/dashboards/*.json`."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DashboardLinkType, VariableOption

from deploy.grafana import figures, operations
from deploy.grafana.panels import SOURCE, Panel

FOLDER: Final = Path(__file__).parent / "dashboards"
_PERIODS: Final = {
    "Kuluva neljännes": "quarter_current",
    "Edellinen neljännes": "quarter_previous",
    "Kuluva kuukausi": "month_current",
    "Edellinen kuukausi": "month_previous",
}

Rows = Callable[[], Mapping[str, Sequence[Panel]]]


def dashboards() -> dict[str, str]:
    """File contents by file name."""
    figures_board = _dashboard(figures.UID, figures.TITLE, figures.ABOUT, figures.rows, "now-30d", "5m")
    figures_board.with_variable(
        dashboard.QueryVariable("county")
        .label("Hyvinvointialue")
        .datasource(SOURCE)
        .query("label_values(hva_nps_score, county)")
        .include_all(True)
        .multi(True)
        .current(VariableOption(text="All", value="$__all"))
    )
    period = dashboard.CustomVariable("period").label("Jakso")
    period.values(", ".join(f"{text} : {value}" for text, value in _PERIODS.items()))
    figures_board.with_variable(period.current(VariableOption(text="Kuluva neljännes", value="quarter_current")))
    operations_board = _dashboard(operations.UID, operations.TITLE, operations.ABOUT, operations.rows, "now-3h", "10s")
    return {"figures.json": _text(figures_board), "operations.json": _text(operations_board)}


def _dashboard(uid: str, title: str, about: str, rows: Rows, since: str, refresh: str) -> dashboard.Dashboard:
    built = dashboard.Dashboard(title).uid(uid).description(about).tags(["hva-metrics"]).readonly()
    built.timezone("Europe/Helsinki").week_start("monday").time(since, "now").refresh(refresh)
    built.with_variable(dashboard.DatasourceVariable("source").label("Prometheus").type("prometheus"))
    built.link(
        dashboard.DashboardLink("hva-metrics").type(DashboardLinkType.DASHBOARDS).tags(["hva-metrics"]).keep_time(True)
    )
    for name, panels in rows().items():
        built.with_row(dashboard.Row(name))
        for panel in panels:
            built.with_panel(panel)
    return built


def _text(built: dashboard.Dashboard) -> str:
    return JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(built.build()) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in dashboards().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
