"""`python -m deploy.grafana`: writes the dashboards that Grafana loads, `deploy/grafana/dashboards/*.json`."""

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
    """The text of each file, by its name."""
    steered = _dashboard(figures.UID, figures.TITLE, figures.ABOUT, figures.rows, "now-30d", "5m")
    steered.with_variable(
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
    steered.with_variable(period.current(VariableOption(text="Kuluva neljännes", value="quarter_current")))
    run = _dashboard(operations.UID, operations.TITLE, operations.ABOUT, operations.rows, "now-3h", "10s")
    return {"figures.json": _text(steered), "operations.json": _text(run)}


def _dashboard(uid: str, title: str, about: str, rows: Rows, since: str, refresh: str) -> dashboard.Dashboard:
    made = dashboard.Dashboard(title).uid(uid).description(about).tags(["hva-metrics"]).readonly()
    made.timezone("Europe/Helsinki").week_start("monday").time(since, "now").refresh(refresh)
    made.with_variable(dashboard.DatasourceVariable("source").label("Prometheus").type("prometheus"))
    made.link(
        dashboard.DashboardLink("hva-metrics").type(DashboardLinkType.DASHBOARDS).tags(["hva-metrics"]).keep_time(True)
    )
    for name, panels in rows().items():
        made.with_row(dashboard.Row(name))
        for panel in panels:
            made.with_panel(panel)
    return made


def _text(made: dashboard.Dashboard) -> str:
    return JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(made.build()) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in dashboards().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
