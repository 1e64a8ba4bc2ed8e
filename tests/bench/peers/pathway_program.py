"""The job in Pathway: tables that update themselves when an earlier row is replaced, and its snapshot output.

Expressions run in its engine; only the score of an answer and the comparison of two ranks are Python. Run as
`python -m tests.bench.peers.pathway_program <kafka> <dsn> <topic> <group> <folder>`.
"""

import sys
from typing import Final
from urllib.parse import urlsplit

import pathway as pw

from tests.bench.peers import job

_COMMIT_MS: Final = 100  # default: 1500. How often what was read enters the computation
_SNAPSHOT_MS: Final = 1000
_TIME: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
_DATA: Final = (
    *("revision", "response_id", "feedback_id", "invitation_id", "unit", "channel", "respondent", "delivered"),
    *("answers", "answered_at", "given_at", "invited_at"),
)


class Event(pw.Schema):
    """A canonical record; retractions have an id only."""

    county: str
    time: str
    source: str
    id: str
    digest: str
    revision: int
    response_id: str | None = pw.column_definition(default_value=None)
    feedback_id: str | None = pw.column_definition(default_value=None)
    invitation_id: str | None = pw.column_definition(default_value=None)
    unit: str | None = pw.column_definition(default_value=None)
    channel: str | None = pw.column_definition(default_value=None)
    respondent: str | None = pw.column_definition(default_value=None)
    delivered: bool = pw.column_definition(default_value=False)
    answers: pw.Json | None = pw.column_definition(default_value=None)
    answered_at: str | None = pw.column_definition(default_value=None)
    given_at: str | None = pw.column_definition(default_value=None)
    invited_at: str | None = pw.column_definition(default_value=None)


@pw.udf(deterministic=True)
def score(answers: pw.Json | None) -> int:
    """The answer to the question of recommendation, -1 without one."""
    for answer in answers.as_list() if answers is not None else ():
        if answer["question"] == "recommend":
            return int(answer["value"])
    return -1


def versions(events: pw.Table) -> pw.Table:
    """The fact of every record, its rank (the higher one wins), its cell and what it counts there."""
    e = pw.this
    is_response, is_feedback = e.response_id.is_not_none(), e.response_id.is_none() & e.feedback_id.is_not_none()
    is_invitation = e.response_id.is_none() & e.feedback_id.is_none()
    kind = pw.if_else(is_response, "response", pw.if_else(is_feedback, "feedback", "invitation"))
    local = (
        pw.coalesce(e.answered_at, e.given_at, e.invited_at, e.time)
        .dt.strptime(_TIME, contains_timezone=False)
        .dt.to_utc("UTC")
        .dt.to_naive_in_timezone(job.ZONE)
    )
    counts = is_response & (pw.coalesce(e.respondent, "") == "client")
    invited = is_invitation & e.delivered & (pw.coalesce(e.channel, "") != "device")
    read = events.select(
        e.county,
        month=local.dt.strftime("%Y-%m"),
        unit=pw.coalesce(e.unit, ""),
        channel=pw.coalesce(e.channel, ""),
        fact=pw.make_tuple(e.county, kind, pw.coalesce(e.response_id, e.feedback_id, e.invitation_id)),
        rank=pw.make_tuple(e.revision, e.time, e.source, e.id, e.digest),
        score=score(e.answers),
        responses=pw.cast(int, counts),
        invitations=pw.cast(int, invited),
        feedback=pw.cast(int, is_feedback),
    )
    return read.select(
        *(read.county, read.month, read.unit, read.channel, read.fact, read.rank),
        *(read.responses, read.invitations, read.feedback),
        detractors=pw.cast(int, (read.score >= 0) & (read.score <= 6)) * read.responses,
        passives=pw.cast(int, (read.score >= 7) & (read.score <= 8)) * read.responses,
        promoters=pw.cast(int, read.score >= 9) * read.responses,
    )


def cells(events: pw.Table) -> pw.Table:
    """The counts by county, month, unit and channel of the newest versions."""
    newest = versions(events).deduplicate(
        value=pw.this.rank, instance=pw.this.fact, acceptor=lambda new, old: new > old, name="newest"
    )
    counted = newest.filter((pw.this.unit != "") & (pw.this.responses + pw.this.invitations + pw.this.feedback > 0))
    keys = [counted[name] for name in job.KEYS]
    return counted.groupby(*keys).reduce(*keys, **{name: pw.reducers.sum(counted[name]) for name in job.COUNTS})


def main(kafka: str, dsn: str, topic: str, group: str, folder: str) -> None:
    """Run until the process is stopped."""
    events = pw.io.kafka.read(
        {
            "bootstrap.servers": kafka,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "session.timeout.ms": str(job.SESSION_MS),
        },
        topic=topic,
        schema=Event,
        format="json",
        json_field_paths={name: f"/data/{name}" for name in _DATA},
        autocommit_duration_ms=_COMMIT_MS,
        name="events",
    )
    table = cells(events)
    place = urlsplit(dsn)
    pw.io.postgres.write(
        table,
        {
            "host": place.hostname,
            "port": place.port,
            "dbname": place.path[1:],
            "user": place.username,
            "password": place.password or "none",
        },
        "cell",
        schema_name="peers",
        output_table_type="snapshot",
        primary_key=[table[name] for name in job.KEYS],
    )
    backend = pw.persistence.Backend.filesystem(folder)
    pw.run(
        monitoring_level=pw.MonitoringLevel.NONE,
        persistence_config=pw.persistence.Config(
            backend,
            snapshot_interval_ms=_SNAPSHOT_MS,
        ),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
