"""The tables of docs/operations.md are complete: every setting and every metric of the product, and no others."""

import re
from pathlib import Path

from prometheus_client import CollectorRegistry

from deploy.exporter import kafka, postgres
from services.fcr import metrics as fcr
from services.nps import metrics as nps
from services.segments import metrics as segments
from shared.edge.jobs import JobMetrics
from shared.edge.tasks import AuditGauges, RefoldGauges
from shared.gauges import PublishedGauges
from shared.metrics import PipelineMetrics
from shared.publication.metrics import PublicationMetrics
from tests.unit.exporter_cases import KAFKA, POSTGRES

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")


def first_cells(pattern: str) -> set[str]:
    """Return the names that match the pattern in the first column of the page's tables."""
    cells = re.findall(r"^\| ([^|]+) \|", PAGE, re.MULTILINE)
    return {name for cell in cells for name in re.findall(rf"`({pattern})`", cell)}


def test_every_setting_is_in_the_table() -> None:
    files = [file for folder in ("shared", "services", "deploy") for file in (PROJECT / folder).rglob("*.py")]
    used = {name for file in files for name in re.findall(r"\bHVA_[A-Z_]+", file.read_text(encoding="utf-8"))}
    assert first_cells("HVA_[A-Z_]+") == used


def test_every_metric_is_in_the_table() -> None:
    registry = CollectorRegistry()
    PipelineMetrics("any", registry)
    PublishedGauges(nps.GAUGES | fcr.GAUGES | segments.GAUGES, registry)
    PublicationMetrics("any", registry)
    RefoldGauges(registry)
    AuditGauges(registry)
    JobMetrics(registry)
    families = [*registry.collect(), *kafka.metric_families(KAFKA), *postgres.metric_families(POSTGRES)]
    assert first_cells("hva_[a-z_]+") == {
        f"{family.name}_total" if family.type == "counter" else family.name for family in families
    }
