"""Panels of alerts: Grafana's own list, and a table whose rows link to the runbooks."""

from typing import Final

from grafana_foundation_sdk.builders import dashboard, table
from grafana_foundation_sdk.models import dashboard as model

from deploy.grafana.prometheus_panels import DATA_SOURCE_NAME, Column, Look, grid
from deploy.grafana.texts import Texts
from deploy.grafana.theme import CHART_HEIGHT

RUNBOOK_URL: Final = "/public/runbooks/${__value.raw}.md"
"""Where Grafana serves `docs/runbooks`, which docker-compose.yml mounts among its public files."""

_LABELS: Final = ("alertname", "severity", "job", "group", "topic", "county", "kind", "runbook")


class _AlertList(dashboard.Panel):
    """The builders of the SDK have no alert list."""

    def __init__(self) -> None:
        super().__init__()
        self.type("alertlist")
        self._internal.field_config = model.FieldConfigSource()
        self._internal.options = {
            "alertInstanceLabelFilter": "",
            "alertName": "",
            "dashboardAlerts": False,
            "datasource": DATA_SOURCE_NAME,
            "groupBy": [],
            "groupMode": "default",
            "maxItems": 30,
            "showInactiveAlerts": False,
            "sortOrder": 3,  # by importance
            "stateFilter": {"error": True, "firing": True, "noData": True, "normal": False, "pending": True},
            "viewMode": "list",
        }


def alert_list(text: Texts) -> dashboard.Panel:
    """The alerts of Prometheus that fire or are pending."""
    panel = _AlertList().title(text("alert_list")).description(text("alert_list_about"))
    return panel.height(CHART_HEIGHT)


def firing_alerts(text: Texts) -> table.Panel:
    """What each firing alert is about, with a link to its runbook."""
    query = f'max by ({", ".join(_LABELS)}) (ALERTS{{alertstate="firing"}})'
    panel = grid(text, "firing", _LABELS, [Column("firing_state", query, Look())], rows=10, no_value="no_alert")
    hidden = [model.DynamicConfigValue(id_val="custom.hidden", value=True)]
    panel.override_by_name(text("firing_state"), hidden)
    link = {"title": text("open_runbook"), "url": RUNBOOK_URL, "targetBlank": True}
    panel.override_by_name(text("label_runbook"), [model.DynamicConfigValue(id_val="links", value=[link])])
    return panel
