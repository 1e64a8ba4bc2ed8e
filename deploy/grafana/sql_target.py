"""A target of Grafana's PostgreSQL data source."""

from dataclasses import dataclass

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery

from deploy.grafana.sql import SOURCE


@dataclass(frozen=True)
class SqlQuery(Dataquery):
    """A query as Grafana stores it."""

    sql: str
    ref_id: str
    series: bool

    def to_json(self) -> dict[str, object]:
        return {
            "datasource": SOURCE,
            "editorMode": "code",
            "format": "time_series" if self.series else "table",
            "rawQuery": True,
            "rawSql": self.sql,
            "refId": self.ref_id,
        }


class SqlTarget(Builder[Dataquery]):
    """Builds a target of a panel."""

    def __init__(self, sql: str, ref_id: str = "A", *, series: bool = False) -> None:
        self._query = SqlQuery(sql, ref_id, series)

    def build(self) -> SqlQuery:
        return self._query
