"""`python -m deploy.grafana`: writes the dashboards for Grafana, `deploy/grafana/dashboards/<language>/*.json`, and the
alert rules that Grafana evaluates.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana import alerting, experience, first_line, leadership, multidisciplinary, operations, unit
from deploy.grafana.texts import Texts
from deploy.report import LANGUAGES

FOLDER: Final = Path(__file__).parent / "dashboards"
ALERTING: Final = Path(__file__).parent / "provisioning" / "alerting" / "figures.yml"
BOARDS: Final[Mapping[str, Callable[[Texts], dashboard.Dashboard]]] = {
    board.NAME: board.build for board in (leadership, experience, first_line, multidisciplinary, unit, operations)
}
"""What builds each dashboard, by its name: that of its file, of its texts and in its uid."""


def texts_of(used: set[tuple[str, str]] | None = None) -> Iterator[Texts]:
    """The texts of every dashboard in every language; `used` collects which of them the dashboards ask for."""
    found = set() if used is None else used
    return (Texts(language, name, found) for name in BOARDS for language in LANGUAGES)


def dashboards() -> dict[str, str]:
    """File contents by the file's place in the folder of dashboards."""
    return {f"{texts.language}/{texts.part}.json": _text(BOARDS[texts.part](texts)) for texts in texts_of()}


def _text(built: dashboard.Dashboard) -> str:
    """The JSON of a dashboard."""
    return JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(built.build()) + "\n"


if __name__ == "__main__":
    shutil.rmtree(FOLDER, ignore_errors=True)
    ALERTING.write_text(alerting.provisioning(), encoding="utf-8")
    for name, content in dashboards().items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_text(content, encoding="utf-8")
