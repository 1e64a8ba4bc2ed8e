"""Registers change under running services: figures follow, and dead letters are redriven when their cause is gone."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fault.events import feedback_answered, feedback_given
from tests.fault.harness import FAMILIES, Harness, start_together
from tests.fault.workload import CONFIG, Workload, default_workload, workload_of
from tests.replica import wait_until


@pytest.fixture
def folder(harness: Harness, tmp_path: Path) -> Path:
    """A copy of the registers for this test."""
    harness.product.config_dir = tmp_path / "config"
    shutil.copytree(CONFIG, harness.product.config_dir)
    return harness.product.config_dir


def change_register(folder: Path, file: str, old: str, new: str) -> None:
    """Change a register as an editor does: a new file replaces the old one atomically."""
    text = (folder / file).read_text()
    assert old in text
    (folder / f".{file}").write_text(text.replace(old, new))
    (folder / f".{file}").rename(folder / file)


def workload_by_registers(lines: tuple[bytes, ...], folder: Path, now: datetime | None = None) -> Workload:
    """The workload by the current registers. It reads a copy of the folder, because registers are cached by folder."""
    copy = folder.with_name(f"config-{len(list(folder.parent.iterdir()))}")
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(".*"))
    return workload_of(lines, copy, now)


async def wait_until_equal(harness: Harness, workload: Workload) -> None:
    """Wait until figures and dead letters have no differences from the workload."""
    differences = ["not compared yet"]

    async def equal() -> bool:
        differences[:] = await harness.differences(workload)
        return not differences

    try:
        await wait_until(equal, "figures by the new registers")
    finally:
        assert differences == []


async def test_figures_follow_the_registers(harness: Harness, folder: Path) -> None:
    lines = default_workload().lines
    _, *replicas = await start_together(harness.start("ingest", batch=500), *map(harness.start, FAMILIES))
    await harness.product.load(lines[::2])
    await harness.product.wait()
    change_register(folder, "units.csv", "asiakasohjaus,sote,hameenlinna", "asiakasohjaus,konserni,hameenlinna")
    change_register(folder, "outcomes.csv", "lahete,2026,false,false,false", "lahete,2026,true,true,true")
    change_register(folder, "promises.csv", "terveys,phone,minutes,10,", "terveys,phone,minutes,1,")
    change_register(folder, "promises.csv", "feedback,,working_days,7,", "feedback,,minutes,60,")
    change_register(folder, "segment_rule.yaml", "enabled: [E1, E2, E3, E4, E6]", "enabled: [E1, E3, E4, E6]")
    await harness.product.load(lines[1::2])
    await wait_until_equal(harness, workload_by_registers((*lines[::2], *lines[1::2]), folder))
    for replica in replicas:
        assert "refolded after a register change" in replica.log.read_text()


async def test_invalid_register_changes_nothing(harness: Harness, folder: Path) -> None:
    workload = workload_of([feedback_answered(f"r{n}") for n in range(20)])
    replicas = await start_together(harness.start("ingest"), harness.start("nps"))
    change_register(folder, "promises.csv", "feedback,,working_days,7,", "feedback,,joskus,7,")
    for replica in replicas:
        await wait_until(
            lambda replica=replica: "the previous ones stay" in replica.log.read_text(), "the invalid file is reported"
        )
    await harness.product.load(workload.lines)
    await harness.product.wait()
    assert await harness.differences(workload) == []
    assert [(await replica.probe())[0] for replica in replicas] == [200, 200]
    change_register(folder, "promises.csv", "feedback,,joskus,7,", "feedback,,minutes,60,")
    for replica in replicas:
        await wait_until(
            lambda replica=replica: "registers loaded" in replica.log.read_text(), "the corrected file is in use"
        )


async def test_dead_letters_are_redriven_when_their_cause_is_gone(harness: Harness, folder: Path) -> None:
    """Unknown units and sources are redriven when the registers have them, future times when they have come."""
    await start_together(harness.start("ingest"), harness.start("nps"))
    soon = datetime.now(UTC) + timedelta(hours=2)
    lines = (
        *(feedback_answered(f"unit{n}", unit="uusi-ta") for n in range(5)),
        *(feedback_answered(f"source{n}").replace(b"urn:hva:oma-hame", b"urn:hva:uusi-alue") for n in range(5)),
        feedback_answered("soon", answered_at=soon.isoformat()),
        feedback_given("valid"),
    )
    await harness.product.load(lines)
    await harness.product.wait()
    assert await harness.dead_letters() == {"unknown_unit": 5, "unknown_source": 5, "future_time": 1}
    last = (folder / "units.csv").read_text().splitlines()[-1]
    rows = "".join(
        f"{county},{unit},x,x,x,avosairaanhoito,terveys,sote,forssa,false,2023-01-01,\n"
        for county, unit in (("oma-hame", "uusi-ta"), ("uusi-alue", "forssa-ta"))
    )
    change_register(folder, "units.csv", last + "\n", f"{last}\n{rows}")

    async def only_future_time_is_open() -> bool:
        return await harness.dead_letters() == {"future_time": 1}

    await wait_until(only_future_time_is_open, "the dead letters about registers are resolved")
    harness.set_clock_ahead(timedelta(hours=1, seconds=1).total_seconds())

    async def all_resolved() -> bool:
        return not await harness.dead_letters()

    await wait_until(all_resolved, "all dead letters are resolved")
    await harness.product.wait()
    await wait_until_equal(harness, workload_by_registers(lines, folder, soon))
    states = await harness.product.fetch("select distinct state, attempts > 1 as retried from ingest.dead_letter")
    assert states == [{"state": "resolved", "retried": True}]
