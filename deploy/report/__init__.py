"""The report of a quarter of a county, out of published figures (docs/report.md).

`read_report` reads everything in one read-only transaction. `render_html`, `render_markdown`, `render_csv` and
`render_json` show the same content. This needs the packages of the extra `report`.
"""

from deploy.report.content import CountyUnknownError, QuarterError, check_quarter, read_report
from deploy.report.model import LANGUAGES, Language, Report
from deploy.report.render import render_csv, render_html, render_json, render_markdown

__all__ = [
    "LANGUAGES",
    "CountyUnknownError",
    "Language",
    "QuarterError",
    "Report",
    "check_quarter",
    "read_report",
    "render_csv",
    "render_html",
    "render_json",
    "render_markdown",
]
