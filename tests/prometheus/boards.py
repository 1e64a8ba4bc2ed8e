"""The committed dashboards as Grafana shows them: their Prometheus queries, and the colours of values."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from deploy.grafana.__main__ import FOLDER
from deploy.grafana.theme import BAD

_LEGEND_LABEL: Final = re.compile(r"\{\{(\w+)\}\}")
EMPTY_WITHOUT_FAULTS: Final = {"Failed commits", "Sender problems", "What to do"}
NOW: Final = ("stat", "bargauge", "table")
"""Types of panels that show the present."""


@dataclass(frozen=True, eq=False)
class Query:
    """A query of a panel."""

    panel: Mapping[str, Any]
    target: Mapping[str, Any]

    @property
    def title(self) -> str:
        return str(self.panel["title"])

    @property
    def expression(self) -> str:
        return str(self.target["expr"])

    @property
    def labels(self) -> set[str]:
        """The labels that the legend names, or that the columns of a table show."""
        if self.panel["type"] == "table":
            renamed = self.panel["transformations"][1]["options"]["renameByName"]
            return {name for name in renamed if not name.startswith("Value")}
        return set(_LEGEND_LABEL.findall(self.target["legendFormat"]))

    def is_bad(self, value: float) -> bool:
        """Whether the panel shows a value in the colour of a bad one."""
        defaults = self.panel["fieldConfig"]["defaults"]
        if self.panel["type"] == "table":
            column = self.panel["fieldConfig"]["overrides"][ord(self.target["refId"]) - ord("A")]
            defaults = {one["id"]: one["value"] for one in column["properties"]}
        steps = defaults["thresholds"]["steps"]
        reached = [step["color"] for step in steps if step["value"] is None or value >= step["value"]]
        return bool(reached[-1] == BAD)


def queries(language: str = "en") -> Iterator[Query]:
    """All Prometheus queries of the dashboards of a language."""
    for path in sorted((FOLDER / language).glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", ()):
                if "expr" in target:
                    yield Query(panel, target)
