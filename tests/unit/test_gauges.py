"""Business gauges show the published figures of the current and previous periods, from one reading."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry

from services.fcr import metrics as fcr
from services.nps import metrics as nps
from services.segments import metrics as segments
from shared.gauges import LABELS, Gauge, PublishedGauges

NOW = datetime(2026, 3, 15, tzinfo=UTC)
LABEL_VALUES = ("oma-hame", "county", "oma-hame", "all", "all", "month_current")


class PoolOfRows:
    """Replaces the pool and its connection. Every view has the same rows."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = rows

    @asynccontextmanager
    async def _self(self, **_: object) -> AsyncIterator["PoolOfRows"]:
        yield self

    acquire = transaction = _self

    async def execute(self, _: str) -> None:
        return None

    async def fetch(self, _: str, periods: list[str]) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["period"] in periods]


def row(**further: Any) -> dict[str, Any]:
    return dict(zip(LABELS, LABEL_VALUES, strict=True)) | {"period": "2026-03"} | further


async def test_gauges_show_the_last_reading_only() -> None:
    registry = CollectorRegistry()
    declared = {"one": Gauge("One.", "nps", "score"), "two": Gauge("Two.", "fcr_confirmed", "share", ("window_days",))}
    gauges = PublishedGauges(declared, registry, lambda: NOW)
    assert [family.name for family in registry.collect()] == ["one", "two"]
    rows = (row(score=0.5, share=0.25, window_days=7), row(score=None, share=0.125, window_days=30))
    await gauges.refresh(PoolOfRows(*rows, row(period="2020", score=1.0)))  # type: ignore[arg-type]
    labels = dict(zip(LABELS, LABEL_VALUES, strict=True))
    assert registry.get_sample_value("one", labels) == 0.5
    assert registry.get_sample_value("two", {**labels, "window_days": "7"}) == 0.25
    assert registry.get_sample_value("two", {**labels, "window_days": "30"}) == 0.125
    await gauges.refresh(PoolOfRows(row(score=0.75, share=None, window_days=7)))  # type: ignore[arg-type]
    assert registry.get_sample_value("one", labels) == 0.75
    assert registry.get_sample_value("two", {**labels, "window_days": "7"}) is None


def test_families_declare_the_gauges_of_the_contract() -> None:
    ratios = ("fcr_gross", "fcr_net", "fcr_confirmed", "fcr_repeat", "answered", "digital")
    names = {f"hva_{name}_ratio" for name in ratios} | {"hva_nps_score", "hva_nps_responses"}
    names |= {f"hva_segment_{name}" for name in ("clients", "events", "events_per_client")}
    declared = nps.GAUGES | fcr.GAUGES | segments.GAUGES
    assert declared.keys() == names
    windows = {name for name, gauge in declared.items() if gauge.further == ("window_days",)}
    assert windows == {"hva_fcr_confirmed_ratio", "hva_fcr_repeat_ratio"}
