"""The committed dashboards as Grafana reads them: their queries, with variables replaced as Grafana does."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.grafana.__main__ import FOLDER

_VARIABLE = re.compile(r"\$\{(\w+):sqlstring\}")
_UNQUOTED = re.compile(r"\$\{?\w")


@dataclass(frozen=True)
class Query:
    """A query of a panel, or of a variable (without `panel`)."""

    where: str
    sql: str
    panel: Mapping[str, Any] | None = None

    def expanded(self, values: Mapping[str, str]) -> str:
        """The query as the data source gets it: `:sqlstring` puts a value in quotes and doubles the quotes in it."""

        def quoted(found: re.Match[str]) -> str:
            return "'" + values[found[1]].replace("'", "''") + "'"

        assert not _UNQUOTED.search(_VARIABLE.sub("", self.sql)), f"{self.where}: a variable without quotes"
        return _VARIABLE.sub(quoted, self.sql)


def boards() -> dict[str, Any]:
    """The dashboards of published figures by language/name."""
    found = {f"{path.parent.name}/{path.stem}": json.loads(path.read_text()) for path in sorted(FOLDER.rglob("*.json"))}
    return {name: board for name, board in found.items() if any(queries(name, board))}


def panels(board: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The panels of a dashboard without its rows."""
    return (panel for panel in board["panels"] if panel["type"] != "row")


def queries(name: str, board: Mapping[str, Any]) -> Iterator[Query]:
    """The SQL of a dashboard: of its variables and of its panels."""
    for variable in board["templating"]["list"]:
        if variable["type"] == "query" and variable["datasource"]["uid"] == "postgresql":
            yield Query(f"{name}: variable {variable['name']}", variable["query"])
    for panel in panels(board):
        for target in panel.get("targets", ()):
            if "rawSql" in target:
                yield Query(f"{name}: {panel['title']}", target["rawSql"], panel)
