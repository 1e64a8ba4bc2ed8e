"""The job in Quix Streams: state per fact, changes re-keyed by cell, state per cell, its PostgreSQL sink.

`group_by` can be used only once on a dataframe, so the second re-keying is an explicit topic, as its documentation
advises. Run as `python -m tests.bench.peers.quix <kafka> <dsn> <topic> <group> <folder>`.
"""

import sys
from typing import Any
from urllib.parse import urlsplit

from quixstreams import Application, State
from quixstreams.models import TopicConfig
from quixstreams.sinks.community.postgresql import PostgreSQLSink

from tests.bench.peers import job

_COMMIT_S = 0.25  # default: 5 s. An event passes three topics and waits for a transaction in each
_POLL_S = 0.05  # default: 1 s; without new records, commits wait for it


def latest(version: dict[str, Any], state: State) -> list[dict[str, Any]]:
    """The changes by a version of a fact; none by a version that is not newer than the stored one."""
    stored = state.get("version")
    if stored is not None and stored["rank"] >= version["rank"]:
        return []
    state.set("version", version)
    return [{"cell": cell, "counts": counts} for cell, counts in job.changes(stored, version)]


def total(change: dict[str, Any], state: State) -> dict[str, Any]:
    """The cell after a change."""
    counts = job.add(state.get("counts"), change["counts"])
    state.set("counts", counts)
    return job.columns(change["cell"], counts)


def main(kafka: str, dsn: str, topic: str, group: str, folder: str) -> None:
    """Consume until SIGTERM."""
    app = Application(
        broker_address=kafka,
        consumer_group=group,
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        commit_interval=_COMMIT_S,
        consumer_poll_timeout=_POLL_S,
        state_dir=folder,
        consumer_extra_config={"session.timeout.ms": job.SESSION_MS},
        # a fixed id lets a restarted process abort the transaction of the killed one at once
        producer_extra_config={"transactional.id": "peer"},
        loglevel="WARNING",
    )
    place = urlsplit(dsn)
    sink = PostgreSQLSink(
        host=place.hostname,
        port=place.port,
        dbname=place.path[1:],
        user=place.username,
        password=place.password or "",
        schema_name="peers",
        table_name="cell",
        schema_auto_update=False,
        include_metadata=False,
        primary_key_columns=list(job.KEYS),
        upsert_on_primary_key=True,
    )
    events = app.topic(topic, key_deserializer="bytes", value_deserializer="bytes")
    by_cell = app.topic(f"{topic}.changes", config=TopicConfig(num_partitions=12, replication_factor=1))
    versions = app.dataframe(events).apply(job.read).group_by("fact")
    versions.apply(latest, stateful=True, expand=True).to_topic(by_cell, key=lambda change: change["cell"])
    app.dataframe(by_cell).apply(total, stateful=True).sink(sink)
    app.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
