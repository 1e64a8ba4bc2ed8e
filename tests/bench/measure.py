"""Measures a running consumer: the progress of its group, CPU time of it and the servers, memory."""

import asyncio
import contextlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from shared.edge.offsets import committed_offsets
from tests.bench.stage import Running, Stage

_POLL_S: Final = 0.03
_STALL_S: Final = 300.0  # a service starts in seconds, but not on a busy machine


@dataclass(frozen=True, slots=True)
class Measured:
    """One run from its first to its last commit: CPU in microseconds per event, memory in MiB."""

    events: int
    seconds: float
    service_us: float
    postgres_us: float
    kafka_us: float
    peak_mib: float

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds


@dataclass(frozen=True, slots=True)
class _Sample:
    at: float
    done: int
    service: float  # CPU seconds
    postgres: float
    kafka: float


async def watch(
    stage: Stage, running: Running, groups: Iterable[str], total: int, max_seconds: float = 600.0
) -> Measured:
    """Measure until the groups have committed `total` records in sum, or for `max_seconds` after their first commit.

    The records of the first commit do not count, since it is unknown when their processing began.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=stage.kafka)
    await admin.start()
    try:
        groups = list(groups)
        first = await _next_sample(stage, running, admin, groups, above=0)
        last = first
        while last.done < total and last.at - first.at < max_seconds:
            last = await _next_sample(stage, running, admin, groups, above=last.done)
    finally:
        await admin.close()
    return _between(first, last, running)


async def _next_sample(
    stage: Stage, running: Running, admin: AIOKafkaAdminClient, groups: list[str], above: int
) -> _Sample:
    deadline = time.monotonic() + _STALL_S
    while (done := await committed(admin, groups)) <= above:
        if running.process.returncode is not None or time.monotonic() > deadline:
            running.fail(f"no progress at {above} records")
        await asyncio.sleep(_POLL_S)
    return _Sample(
        time.perf_counter(),
        done,
        cpu_seconds([psutil.Process(running.pid)]),
        cpu_seconds(stage.postgres_processes()),
        cpu_seconds(stage.kafka_processes()),
    )


async def committed(admin: AIOKafkaAdminClient, groups: list[str]) -> int:
    """The number of records that the groups have committed in sum."""
    try:
        return sum([sum((await committed_offsets(admin, group)).values()) for group in groups])
    except GroupCoordinatorNotAvailableError:
        return 0  # the first group of a new broker


def cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    """User and system time of processes."""
    seconds = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system
    return seconds


def _between(first: _Sample, last: _Sample, running: Running) -> Measured:
    events = last.done - first.done

    def per_event(before: float, after: float) -> float:
        return (after - before) * 1e6 / events

    return Measured(
        events=events,
        seconds=last.at - first.at,
        service_us=per_event(first.service, last.service),
        postgres_us=per_event(first.postgres, last.postgres),
        kafka_us=per_event(first.kafka, last.kafka),
        peak_mib=peak_mib(running.pid),
    )


def peak_mib(pid: int) -> float:
    """The peak resident memory of a running process."""
    status = Path(f"/proc/{pid}/status").read_text()
    (peak,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak) / 1024
