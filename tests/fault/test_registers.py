"""Registers changed under running services: old figures do not stay, letters whose cause is gone are driven again."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fault.events import answered, given
from tests.fault.log import CONFIG, Log, judged, usual_log
from tests.fault.stage import FAMILIES, Stage, both
from tests.replica import until


@pytest.fixture
def folder(stage: Stage, tmp_path: Path) -> Path:
    """A folder of registers of the test's own."""
    stage.product.config_dir = tmp_path / "config"
    shutil.copytree(CONFIG, stage.product.config_dir)
    return stage.product.config_dir


def change(folder: Path, file: str, old: str, new: str) -> None:
    """Change a register as an editor does: the new file takes the place of the old one at once."""
    text = (folder / file).read_text()
    assert old in text
    (folder / f".{file}").write_text(text.replace(old, new))
    (folder / f".{file}").rename(folder / file)


def as_judged_now(lines: tuple[bytes, ...], folder: Path, now: datetime | None = None) -> Log:
    """The recomputation by a copy of the folder, since what was read of a folder is kept."""
    copy = folder.with_name(f"config-{len(list(folder.parent.iterdir()))}")
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(".*"))
    return judged(lines, copy, now)


async def become(stage: Stage, log: Log) -> None:
    """Wait until the figures and letters are those of the log."""
    wrong = ["not looked at yet"]

    async def right() -> bool:
        wrong[:] = await stage.wrong(log)
        return not wrong

    try:
        await until(right, "figures by the new registers")
    finally:
        assert wrong == []


async def test_figures_follow_the_registers(stage: Stage, folder: Path) -> None:
    lines = usual_log().lines
    _, *replicas = await both(stage.start("ingest", batch=500), *map(stage.start, FAMILIES))
    await stage.product.load(lines[::2])
    await stage.product.wait()
    change(folder, "units.csv", "asiakasohjaus,sote,hameenlinna", "asiakasohjaus,konserni,hameenlinna")
    change(folder, "outcomes.csv", "lahete,2026,false,false,false", "lahete,2026,true,true,true")
    change(folder, "promises.csv", "terveys,phone,minutes,10,", "terveys,phone,minutes,1,")
    change(folder, "promises.csv", "feedback,,working_days,7,", "feedback,,minutes,60,")
    change(folder, "segment_rule.yaml", "enabled: [E1, E2, E3, E4, E6]", "enabled: [E1, E3, E4, E6]")
    await stage.product.load(lines[1::2])
    await become(stage, as_judged_now((*lines[::2], *lines[1::2]), folder))
    for replica in replicas:
        assert "refolded after a register change" in replica.log.read_text()


async def test_wrong_registers_change_nothing(stage: Stage, folder: Path) -> None:
    log = judged([answered(f"r{n}") for n in range(20)])
    replicas = await both(stage.start("ingest"), stage.start("nps"))
    change(folder, "promises.csv", "feedback,,working_days,7,", "feedback,,joskus,7,")
    for replica in replicas:
        await until(lambda replica=replica: "the old ones stay" in replica.log.read_text(), "the wrong file is told")
    await stage.product.load(log.lines)
    await stage.product.wait()
    assert await stage.wrong(log) == []
    assert [(await replica.probe())[0] for replica in replicas] == [200, 200]
    change(folder, "promises.csv", "feedback,,joskus,7,", "feedback,,minutes,60,")
    for replica in replicas:
        await until(lambda replica=replica: "registers loaded" in replica.log.read_text(), "the right one is taken")


async def test_letters_drive_themselves_again(stage: Stage, folder: Path) -> None:
    """Unknown unit and unknown source when the registers know them, the future when it has come."""
    await both(stage.start("ingest"), stage.start("nps"))
    soon = datetime.now(UTC) + timedelta(hours=2)
    lines = (
        *(answered(f"unit{n}", unit="uusi-ta") for n in range(5)),
        *(answered(f"source{n}").replace(b"urn:hva:oma-hame", b"urn:hva:uusi-alue") for n in range(5)),
        answered("soon", answered_at=soon.isoformat()),
        given("good"),
    )
    await stage.product.load(lines)
    await stage.product.wait()
    assert await stage.dead_letters() == {"unknown_unit": 5, "unknown_source": 5, "future_time": 1}
    last = (folder / "units.csv").read_text().splitlines()[-1]
    rows = "".join(
        f"{county},{unit},x,x,x,avosairaanhoito,terveys,sote,forssa,false,2023-01-01,\n"
        for county, unit in (("oma-hame", "uusi-ta"), ("uusi-alue", "forssa-ta"))
    )
    change(folder, "units.csv", last + "\n", f"{last}\n{rows}")

    async def only_the_future_is_left() -> bool:
        return await stage.dead_letters() == {"future_time": 1}

    await until(only_the_future_is_left, "the letters of the registers are resolved")
    stage.move_clock(timedelta(hours=1, seconds=1).total_seconds())

    async def driven() -> bool:
        return not await stage.dead_letters()

    await until(driven, "all letters are resolved")
    await stage.product.wait()
    await become(stage, as_judged_now(lines, folder, soon))
    rows_of = await stage.product.fetch("select distinct state, attempts > 1 as again from ingest.dead_letter")
    assert rows_of == [{"state": "resolved", "again": True}]
