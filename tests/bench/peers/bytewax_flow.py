"""The job in Bytewax: state per fact, changes re-keyed by cell, state per cell, a sink that upserts whole batches.

Bytewax has no PostgreSQL sink; its documentation shows how to write one. It delivers at least once to a sink; state and
offsets are snapshotted together, and a cell is written whole, so what is written twice does no harm. Run as
`python -m bytewax.run -r <folder> -s <seconds> "tests.bench.peers.bytewax_flow:flow('<kafka>', '<dsn>', '<topic>')"`.
"""

from collections.abc import Iterable
from typing import Any

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition

from tests.bench.peers import job

Cell = tuple[str, list[int]]


class _Partition(StatelessSinkPartition[Cell]):
    def __init__(self, dsn: str) -> None:
        self._writer = job.Writer(dsn)

    def write_batch(self, items: list[Cell]) -> None:
        self._writer.write(items)

    def close(self) -> None:
        self._writer.close()


class CellSink(DynamicSink[Cell]):
    """Upserts cells."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def build(self, _step_id: str, _worker_index: int, _worker_count: int) -> _Partition:
        """The sink of a worker."""
        return _Partition(self._dsn)


def latest(stored: dict[str, Any] | None, version: dict[str, Any]) -> tuple[dict[str, Any], Iterable[Cell]]:
    """The newer version, and the changes by it; none by a version that is not newer than the stored one."""
    if stored is not None and stored["rank"] >= version["rank"]:
        return stored, ()
    return version, job.changes(stored, version)


def total(stored: list[int] | None, counts: list[int]) -> tuple[list[int], list[int]]:
    """The cell after a change."""
    found = job.add(stored, counts)
    return found, found


def flow(kafka: str, dsn: str, topic: str) -> Dataflow:
    """The dataflow."""
    flow = Dataflow("nps")
    records = op.input("records", flow, KafkaSource([kafka], [topic]))
    versions = op.map("read", records, lambda record: job.read(record.value))
    by_fact = op.key_on("by-fact", versions, lambda version: version["fact"])
    changed = op.stateful_flat_map("latest", by_fact, latest)
    # the changes of all facts, keyed by cell
    changes = op.key_rm("by-cell", changed)
    cells = op.stateful_map("total", changes, total)
    op.output("cells", cells, CellSink(dsn))
    return flow
