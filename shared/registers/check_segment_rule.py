"""The segment rule: `segment_rule.yaml`."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from shared.registers.model import SegmentRule
from shared.registers.parse import read_yaml
from shared.registers.problems import Problems
from shared.registers.yaml_mapping import YamlMapping

GROUNDS = ("E1", "E2", "E3", "E4", "E6")
SUUNTIMA_RESULTS = ("omatoimi", "yhteistyo", "yhteiso", "verkosto")
RULE_KEYS = ("version", "enabled", "figures_from", "parameters")
PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "E3": {"results": ["verkosto"], "valid_days": 365},
    "E4": {"min_sectors": 3, "window_days": 365},
    "E6": {"scheme": "oma", "segment": "monialainen"},
}
"""The defaults of `segment_rule.yaml`; the file overrides each separately."""


def segment_rule(path: Path, problems: Problems) -> SegmentRule:
    """Return the rule, with defaults for missing values."""
    rule = YamlMapping(path.name, read_yaml(path, problems), problems).allow_only(RULE_KEYS)
    parameters = rule.mapping("parameters").allow_only(tuple(PARAMETERS))
    e3, e4, e6 = (parameters.mapping(name).allow_only(tuple(PARAMETERS[name])) for name in PARAMETERS)
    return SegmentRule(
        version=rule.text("version", "2026-1"),
        enabled=rule.choices("enabled", GROUNDS, list(GROUNDS)),
        figures_from=rule.day("figures_from", date(2023, 1, 1)) or date(2023, 1, 1),
        e3_results=e3.choices("results", SUUNTIMA_RESULTS, PARAMETERS["E3"]["results"]),
        e3_valid_days=e3.integer("valid_days", PARAMETERS["E3"]["valid_days"]),
        e4_min_sectors=e4.integer("min_sectors", PARAMETERS["E4"]["min_sectors"]),
        e4_window_days=e4.integer("window_days", PARAMETERS["E4"]["window_days"]),
        e6_scheme=e6.code("scheme", PARAMETERS["E6"]["scheme"]),
        e6_segment=e6.code("segment", PARAMETERS["E6"]["segment"]),
    )
