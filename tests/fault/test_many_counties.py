"""A national install: many counties, three replicas of every service, duplicates, any order, and kills."""

from functools import partial
from pathlib import Path

from tests import oracle
from tests.fault.harness import FAMILIES, SERVICES, Harness, start_together
from tests.fault.workload import CONFIG, workload_of
from tests.replica import Replica, wait_until

COPIES = 10


def copied(text: bytes, copy: int) -> bytes:
    """The same for another pair of counties."""
    return text.replace(b"oma-hame", b"hame%d" % copy).replace(b"pirha", b"pirha%d" % copy)


def config_of_many(folder: Path) -> Path:
    """The registers of the sample, with copies of its two counties."""
    folder.mkdir()
    for file in CONFIG.iterdir():
        rows = file.read_bytes().splitlines(keepends=True)
        of_counties = [row for row in rows if row.startswith((b"oma-hame,", b"pirha,"))]
        copies = [copied(row, number) for number in range(COPIES) for row in of_counties]
        (folder / file.name).write_bytes(b"".join(rows + copies))
    return folder


async def test_every_county_is_right_with_three_replicas_and_kills(harness: Harness, tmp_path: Path) -> None:
    config = harness.product.config_dir = config_of_many(tmp_path / "many")
    lines = oracle.adversarial(harness.random.randrange(1000), 100, CONFIG)
    many = lines + [copied(line, number) for number in range(COPIES) for line in lines]
    workload = workload_of(oracle.duplicated(oracle.shuffled(many, 7), 7, 0.1), config)
    assert len({row["county"] for rows in workload.figures.values() for row in rows}) == 2 * (1 + COPIES)

    start = partial(harness.start, ready=False, session=10)  # a busy machine must not expel live replicas
    await harness.product.load(workload.lines[::2])
    replicas = await start_together(*(start(service) for service in (*SERVICES, *SERVICES, *SERVICES)))
    for family in FAMILIES:
        of_family = [replica for replica in replicas if replica.service == family]
        working = await wait_until(partial(_first_working, harness, of_family), f"a replica of {family} has records")
        await working.kill()
    await harness.product.load(workload.lines[1::2])
    await start_together(*map(start, FAMILIES))
    await harness.product.wait()
    assert await harness.differences(workload) == []


def _first_working(harness: Harness, replicas: list[Replica]) -> Replica | None:
    return next((replica for replica in replicas if harness.delivered(replica)), None)
