"""Alert rules on published figures, which Grafana evaluates: `provisioning/alerting/figures.yml`.

They are paused until `FIGURE_ALERTS_PAUSED` of Grafana is `false`. They read as `hva_reader` what everyone may see:
hidden values and values of few people raise no alert. Each row of a query is an alert of its own; its text columns are
labels, and the last column is the value that is compared with the limit.

Grafana replaces `$name` in the file by variables of its environment, so nothing else in it has a dollar sign.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from deploy.grafana.sql import SOURCE, scope_name
from deploy.grafana.texts import Texts
from deploy.report import LANGUAGES

NAME: Final = "alerting"
SILENT_DAYS: Final = 30
"""An alert of a unit without feedback needs more days than these."""
_FORGOTTEN_DAYS: Final = 365
_PAUSED: Final = "$FIGURE_ALERTS_PAUSED"
_TODAY: Final = "(now() at time zone 'Europe/Helsinki')::date"
# A quarter counts from its 31st day on; until then, the quarter before does: a few days say little.
_QUARTER: Final = f"""(
  select first_day, last_day, period, to_char(first_day - 1, 'YYYY"Q"Q') as before from report.period
  where period_kind = 'quarter' and {_TODAY} - {SILENT_DAYS} between first_day and last_day)"""


@dataclass(frozen=True)
class AlertRule:
    """A rule: the names of its texts begin with `name`. It fires for each row whose last column is above the limit."""

    name: str
    sql: str
    limit: float


def rules() -> list[AlertRule]:
    """The rules, off by default."""
    return [
        AlertRule("nps_falls", _nps_falls(), 0),
        AlertRule("promises_kept", _promises_kept(), 0),
        AlertRule("no_feedback", _no_feedback(), SILENT_DAYS),
    ]


def provisioning(used: set[tuple[str, str]] | None = None) -> str:
    """The file for Grafana; `used` collects the texts that it has."""
    texts = [Texts(language, NAME, set() if used is None else used) for language in LANGUAGES]
    group = {"orgId": 1, "name": "hva-figures", "folder": "hva-metrics", "interval": "1h"}
    content = {"apiVersion": 1, "groups": [{**group, "rules": [_provisioned(rule, texts) for rule in rules()]}]}
    header = "# Written by `python -m deploy.grafana` from deploy/grafana/alerting.py.\n"
    return header + yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)


def _nps_falls() -> str:
    """How far the interval of a service area lies below that of the quarter before, in points."""
    return f"""select f.county, f.scope as service_area, {_names("f")},
  b.score_low - f.score_high as value
from {_QUARTER} q
join report.nps f on f.period = q.period and f.scope_level = 'service_area' and f.channel = 'all' and f.segment = 'all'
join report.nps b on b.county = f.county and b.period = q.before and b.scope_level = f.scope_level
  and b.scope = f.scope and b.channel = f.channel and b.segment = f.segment
where not (f.suppressed or b.suppressed or f.low_n or b.low_n)"""


def _promises_kept() -> str:
    """How far a key result on kept promises is below its target, in percentage points."""
    return f"""select k.county, k.id as key_result, k.name_fi, k.name_sv, k.name_en,
  case when k.met then 0 else 100 * (k.target - k.actual) end as value
from {_QUARTER} q
join report.key_result k on k.period = q.period
where k.metric = 'access.promise_kept_share' and k.met is not null"""


def _no_feedback() -> str:
    """The days since the end of the last month in which a unit had feedback: at least so long it has had none.

    Rows that are hidden count: there was feedback. A unit without feedback for a year is probably closed: no row.
    """
    return f"""select f.county, f.scope as unit, {_names("f")},
  greatest(0, {_TODAY} - max(p.last_day)) as value
from (
  select county, period, scope_level, scope from report.response where channel = 'all' and segment = 'all'
  union
  select county, period, scope_level, scope from report.direct_feedback
  where channel = 'all' and segment = 'all' and kind = 'all' and theme = 'all') f
join report.period p on p.period_kind = 'month' and p.period = f.period
where f.scope_level = 'unit'
group by f.county, f.scope_level, f.scope
having max(p.last_day) > {_TODAY} - {_FORGOTTEN_DAYS}"""


def _names(row: str) -> str:
    return ", ".join(f"{scope_name(Texts(language, NAME), row)} as name_{language}" for language in LANGUAGES)


def _provisioned(rule: AlertRule, texts: Sequence[Texts]) -> dict[str, Any]:
    values = {"value": '{{ printf "%.1f" .Values.A.Value }}', "limit": f"{rule.limit:g}"}
    annotations = {}
    for text in texts:
        for part in ("summary", "description"):
            name = f"{{{{ .Labels.name_{text.language} }}}}"
            annotations[f"{part}_{text.language}"] = text(f"{rule.name}_{part}", name=name, **values)
    query = {"datasource": {"type": SOURCE.type_val, "uid": SOURCE.uid}, "editorMode": "code", "format": "table"}
    above = {"evaluator": {"type": "gt", "params": [rule.limit]}}
    threshold = {"type": "threshold", "expression": "A", "refId": "B", "conditions": [above]}
    return {
        "uid": f"hva-{rule.name.replace('_', '-')}",
        "title": " / ".join(text(f"{rule.name}_title") for text in texts),
        "condition": "B",
        "data": [
            _query("A", str(SOURCE.uid), {**query, "rawQuery": True, "rawSql": rule.sql, "refId": "A"}),
            _query("B", "__expr__", threshold),
        ],
        "for": "0s",
        "noDataState": "OK",
        "execErrState": "Error",
        "isPaused": _PAUSED,
        "labels": {"severity": "information"},
        "annotations": annotations,
    }


def _query(ref_id: str, data_source: str, model: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "refId": ref_id,
        "relativeTimeRange": {"from": 600, "to": 0},
        "datasourceUid": data_source,
        "model": dict(model),
    }


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
