"""Alert rules on published figures, as Grafana evaluates them: their queries as `hva_reader`, firing and not firing."""

from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest
import yaml

from deploy.grafana.__main__ import ALERTING
from deploy.grafana.alerting import SILENT_DAYS, provisioning, rules
from shared.clock import system_clock
from shared.gauges import shown_periods
from shared.registers.calendar import local_day
from tests.product import ROOT, Database

COUNTY = "oma-hame"
TODAY = local_day(system_clock())
RULES = {rule.name: rule for rule in rules()}


def quarters(on: date) -> tuple[str, str]:
    """The quarter of a date and the one before."""
    periods = {label: period for period, label in shown_periods(on).items()}
    return periods["quarter_current"], periods["quarter_previous"]


NOW, BEFORE = quarters(TODAY - timedelta(days=SILENT_DAYS))


async def publish(owner: Any, view: str, **values: Any) -> None:
    """Store a published row."""
    row = {"county": COUNTY, "channel": "all", "segment": "all", "state": "final", "suppressed": False, "low_n": False}
    row |= {"published_at": system_clock(), **values}
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    await owner.execute(f"insert into report.{view} ({', '.join(row)}) values ({places})", *row.values())


async def publish_nps(owner: Any, area: str, period: str, low: float | None, high: float | None, **values: Any) -> None:
    place = {"period_kind": "quarter", "period": period, "scope_level": "service_area", "scope": area}
    await publish(owner, "nps", **place, score_low=low, score_high=high, **values)


async def firing(database: Database, name: str) -> dict[str, float]:
    """The values of the alerts that fire, by what they are about. Every row must be one that Grafana can read."""
    reader = await asyncpg.connect(database.dsn("hva_reader"))
    try:
        rows = [dict(row) for row in await reader.fetch(RULES[name].sql)]
    finally:
        await reader.close()
    found = {}
    for row in rows:
        *labels, value = row.values()
        assert all(isinstance(label, str) and label for label in labels) and isinstance(value, int | float)
        assert [*row][2:] == ["name_fi", "name_sv", "name_en", "value"]
        if value > RULES[name].limit:
            found[labels[1]] = value
    assert len({tuple(row.values())[:2] for row in rows}) == len(rows), "two alerts with the same labels"
    return found


async def test_nps_falls_only_where_the_intervals_are_apart(owner: Any, database: Database) -> None:
    for area, now, before in (
        ("falls", (10.0, 20.0), (25.0, 35.0)),
        ("overlaps", (10.0, 26.0), (25.0, 35.0)),
        ("rises", (40.0, 50.0), (25.0, 35.0)),
    ):
        await publish_nps(owner, area, NOW, *now)
        await publish_nps(owner, area, BEFORE, *before)
    await publish_nps(owner, "few answers", NOW, 10.0, 20.0, low_n=True)
    await publish_nps(owner, "few answers", BEFORE, 25.0, 35.0)
    await publish_nps(owner, "hidden", NOW, None, None, suppressed=True)
    await publish_nps(owner, "hidden", BEFORE, 25.0, 35.0)
    await publish_nps(owner, "new", NOW, 10.0, 20.0)
    assert await firing(database, "nps_falls") == {"falls": 5.0}


@pytest.mark.parametrize(
    ("kept", "expected"), [(0.7, {"ensilinja-loppuun-asti": pytest.approx(10)}), (0.8, {}), (None, {})]
)
async def test_promises_kept_are_compared_with_the_target_of_the_key_result(
    owner: Any, database: Database, kept: float | None, expected: dict[str, float]
) -> None:
    await owner.execute(
        'update reference.key_result set spec = spec || \'{"metric": "access.promise_kept_share", "target": 0.8, '
        '"target_mode": "absolute", "direction": "increase", "valid_period": {"from": "2020-01-01"}}\' '
        "where id = 'ensilinja-loppuun-asti'"
    )
    assert await firing(database, "promises_kept") == {}, "nothing is published"
    place = {"period_kind": "quarter", "period": NOW, "scope_level": "county", "scope": COUNTY}
    await publish(owner, "access", **place, promise_kept_share=kept, suppressed=kept is None)
    assert await firing(database, "promises_kept") == expected


async def test_unit_without_feedback_fires_after_its_days(owner: Any, database: Database) -> None:
    async def feedback(unit: str, days_ago: int, *, suppressed: bool = False, view: str = "response") -> None:
        day = TODAY - timedelta(days=days_ago)
        place = {"period_kind": "month", "period": f"{day:%Y-%m}", "scope_level": "unit", "scope": unit}
        further = {"kind": "all", "theme": "all"} if view == "direct_feedback" else {}
        await publish(owner, view, **place, **further, suppressed=suppressed)

    months = 31 + SILENT_DAYS + 2  # so long ago that the month ended more than SILENT_DAYS ago
    await feedback("silent", months)
    await feedback("hidden now", months)
    await feedback("hidden now", 0, suppressed=True)
    await feedback("direct feedback now", months)
    await feedback("direct feedback now", 0, view="direct_feedback")
    await feedback("steady", 0)
    await feedback("closed", 500)
    found = await firing(database, "no_feedback")
    assert found.keys() == {"silent"} and SILENT_DAYS < found["silent"] <= months


def test_file_for_grafana_is_up_to_date_and_rules_are_paused_unless_asked_for() -> None:
    stored = ALERTING.read_text(encoding="utf-8")
    assert stored == provisioning(), "run `python -m deploy.grafana`"
    (group,) = yaml.safe_load(stored)["groups"]
    assert [rule["isPaused"] for rule in group["rules"]] == ["$FIGURE_ALERTS_PAUSED"] * len(RULES)
    assert stored.count("$") == len(RULES), "Grafana replaces what follows a dollar sign"
    for language in ("fi", "sv", "en"):
        assert all(rule["annotations"][f"summary_{language}"] for rule in group["rules"])
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"]["environment"]
    assert compose["FIGURE_ALERTS_PAUSED"] == "${FIGURE_ALERTS_PAUSED:-true}"
