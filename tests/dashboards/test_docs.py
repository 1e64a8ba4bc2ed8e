"""The panel of docs/dashboards.md can be added as it stands there."""

import re
from typing import Any

from deploy.grafana.texts import Texts
from deploy.report import LANGUAGES
from tests.dashboards.boards import Query
from tests.dashboards.test_queries import REAL, check_columns
from tests.product import ROOT


async def test_panel_of_the_docs(reader: Any) -> None:
    page = (ROOT / "docs" / "dashboards.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    for language in LANGUAGES:
        panel = names["answered"](Texts(language, "leadership")).build()
        (target,) = panel.targets
        query = Query("docs", target.sql, {"type": panel.type_val, "fieldConfig": to_json(panel.field_config)})
        statement = await reader.prepare(query.expanded(REAL))
        check_columns(query, {column.name: column.type.name for column in statement.get_attributes()})
        ((share, label),) = await statement.fetch()
        assert 0 < share < 1 and label == "Q1/2026"


def to_json(item: Any) -> Any:
    """What Grafana reads of a part of a panel."""
    if isinstance(item, list):
        return [to_json(each) for each in item]
    if hasattr(item, "to_json"):
        item = item.to_json()
    return {key: to_json(value) for key, value in item.items()} if isinstance(item, dict) else item
