"""A loaded and published run of all services and the exporter, scraped by a real Prometheus."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from deploy.hva.publish import request_publication
from deploy.simulate.options import Options
from deploy.simulate.run import stream
from shared.clock import system_clock
from shared.registers.calendar import local_day
from tests.deadlines import DEADLINE_S
from tests.product import Product, wait_until
from tests.prometheus.server import Prometheus, running
from tests.publications import registers_of_one_year

COUNTY = "oma-hame"
TODAY = local_day(system_clock())
_DAYS = 45
EXPORTER = {"HVA_METRICS_HOST": "127.0.0.1"}


@dataclass(frozen=True)
class Monitored:
    """The run and its Prometheus."""

    product: Product
    prometheus: Prometheus


@pytest.fixture
async def monitored(product: Product, tmp_path: Path) -> AsyncIterator[Monitored]:
    product.config_dir = registers_of_one_year(tmp_path / "config", TODAY)
    product.environment["HVA_PUBLISH_EVERY"] = "86400"
    replicas = await product.start_all()
    monitor = {"HVA_POSTGRES_URL": product.database.dsn("hva_monitor"), **EXPORTER}
    replicas.append(await product.start("exporter", monitor, module="deploy.exporter"))
    targets = {replica.service: await replica.port() for replica in replicas}
    with running(tmp_path, targets) as prometheus:
        # A counter that grows before its first scrape has no rate.
        await wait_until(lambda: prometheus.values("count(up == 1)") == [len(targets) + 1], "all targets are scraped")
        options = Options(until=until(TODAY), days=_DAYS, clients=900, counties=(COUNTY,))
        lines = [line for line in stream(options) if line.startswith(b"{")]
        await product.load([*lines, *with_faults(lines)])
        await product.wait()
        await product.let_publish()
        await request_publication(product.connection().postgres_steward, COUNTY, None, DEADLINE_S)
        yield Monitored(product, prometheus)


def until(today: date) -> date:
    """The day after the events. They lie in one quarter, so that it has enough of them to be shown."""
    quarter = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    return today if (today - quarter).days >= _DAYS else quarter


def with_faults(lines: list[bytes]) -> list[bytes]:
    """An event with an unknown field, and one with the revision of another and other content."""
    event: dict[str, Any] = next(orjson.loads(line) for line in lines if b"contact.recorded" in line)
    data = event["data"]
    unknown = {**event, "data": {**data, "new_field": 1}}
    conflict = {**event, "id": "conflict", "data": {**data, "transfers": data.get("transfers", 0) + 1}}
    return [orjson.dumps(unknown), orjson.dumps(conflict)]
