"""The job in Bytewax: state per fact, changes re-keyed by cell, state per cell, a sink that upserts whole batches.

Bytewax has no PostgreSQL sink; its documentation shows how to write one. It delivers at least once to a sink; state and
offsets are snapshotted together, and a cell is written whole, so what is written twice does no harm. Run as
`python -m bytewax.run -r <folder> -s <seconds> "tests.bench.peers.bytewax_flow:flow('<kafka>', '<dsn>', '<topic>')"`.
"""

from collections.abc import Iterable
from typing import Any, Final

import bytewax.operators as op
import psycopg2
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from psycopg2.extras import execute_values

from tests.bench.peers import job

Cell = tuple[str, list[int]]

_UPSERT: Final = (
    f"insert into peers.cell ({', '.join((*job.KEYS, *job.COUNTS))}) values %s "
    f"on conflict ({', '.join(job.KEYS)}) do update set "
    f"({', '.join(job.COUNTS)}) = row({', '.join(f'excluded.{name}' for name in job.COUNTS)})"
)


class _Partition(StatelessSinkPartition[Cell]):
    def __init__(self, dsn: str) -> None:
        self._connection = psycopg2.connect(dsn)

    def write_batch(self, items: list[Cell]) -> None:
        # of several values of a cell in a batch, the last one is the newest
        rows = [(*cell.split("|"), *counts) for cell, counts in dict(items).items()]
        with self._connection, self._connection.cursor() as cursor:
            execute_values(cursor, _UPSERT, rows, page_size=1000)

    def close(self) -> None:
        self._connection.close()


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
