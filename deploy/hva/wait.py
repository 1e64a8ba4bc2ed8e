"""`hva wait`: wait until everything sent so far is in `figures`, or in `report` with --published."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.hva.context import Connection, Dir, VerbError, resolve
from deploy.hva.wait_published import changes, unpublished

if TYPE_CHECKING:
    import asyncpg
    from aiokafka.admin import AIOKafkaAdminClient

    from shared.contracts.catalogue import Topic
    from shared.edge.offsets import Offsets

PAUSE_S = 0.1
_GRACE_S = 2.0
_DUE_DEAD_LETTERS = """
select count(*) from {service}.dead_letter where not truncated and (
  state = 'redrive' or state = 'open' and reason = 'future_time' and retry_at <= now()
  or state = 'open' and reason in ('unknown_unit', 'unknown_source') and register_version <>
    (select version from reference.register_version where part = 'registers'))
"""

_NEWEST = "select coalesce(max(version), 0) from segments.history"
_NOT_RECEIVED = """
select count(*) from segments.history published where version <= $1 and not exists (
  select from {service}.membership received
  where received.county = published.county and received.client = published.client
    and received.version >= published.version)
"""
_STALE = "select county, period_kind, period, since, computed_number from {service}.stale"

Behind = Callable[[], Awaitable[str | None]]
"""A short description of what is not done yet; None when everything is."""


def register(app: typer.Typer) -> None:
    @app.command()
    def wait(
        timeout: Annotated[float, typer.Option(metavar="S", min=0, help="Seconds to wait at most")] = 120.0,
        published: Annotated[
            bool, typer.Option("--published", help="Wait for the publication, too (services publish every hour)")
        ] = False,
        dir: Dir = None,
    ) -> None:
        """Wait until everything sent so far is in the figures."""
        asyncio.run(wait_until_done(resolve(dir), timeout, published))


async def wait_until_done(connection: Connection, seconds: float, published: bool = False) -> None:
    """Follow what was sent through ingest and every family, and its publication. Raises VerbError at the deadline."""
    deadline = time.monotonic() + seconds
    try:
        async with asyncio.timeout(seconds + _GRACE_S):  # a server that hangs ends the waiting, too
            await _wait(connection, deadline, published)
    except TimeoutError:
        raise VerbError("Not everything is in the figures yet: Kafka or PostgreSQL does not answer.") from None


async def _wait(connection: Connection, deadline: float, published: bool) -> None:
    async with _surroundings(connection) as (admin, database):
        from deploy.embedded.services import SERVICES
        from shared.contracts.catalogue import RAW, SEGMENT, TOPICS

        if connection.services:  # an embedded run, whose folder of registers is known for certain
            await _until(partial(_registers_loaded, connection, database), deadline)
        await _follow(connection, admin, [("ingest", topic) for topic in RAW.values()], deadline)
        for service in SERVICES:
            await _until(partial(_redriven, database, service), deadline)
        pairs = [(service, topic) for topic in TOPICS if topic.writer == "ingest" for service in topic.readers]
        await _follow(connection, admin, pairs, deadline)
        for service in SERVICES[1:]:
            await _until(partial(_refolded, database, service), deadline)
        newest = await database.fetchval(_NEWEST)
        await _until(partial(_histories_published, database, newest), deadline)
        for service in SEGMENT.readers:
            await _until(partial(_histories_received, database, service, newest), deadline)
        for service in SERVICES[1:]:
            marks = await _stale_periods(database, service)
            await _until(partial(_cells_computed, database, service, marks), deadline)
        for service in SERVICES[1:] if published else ():
            await _until(partial(unpublished, database, service, await changes(database, service)), deadline)


@asynccontextmanager
async def _surroundings(
    connection: Connection,
) -> "AsyncIterator[tuple[AIOKafkaAdminClient, asyncpg.Connection[asyncpg.Record]]]":
    import asyncpg
    from aiokafka.admin import AIOKafkaAdminClient

    from shared.postgres.connection import BoundedConnection

    admin = AIOKafkaAdminClient(bootstrap_servers=connection.kafka, client_id="hva-wait")
    await admin.start()
    database = await asyncpg.connect(connection.postgres_steward, connection_class=BoundedConnection)
    try:
        yield admin, database
    finally:
        database.terminate()  # a server that hangs does not answer a graceful end
        await admin.close()


async def _follow(
    connection: Connection, admin: "AIOKafkaAdminClient", pairs: "list[tuple[str, Topic]]", deadline: float
) -> None:
    """Wait until each service has committed every record that its topic holds now."""
    from shared.contracts.catalogue import group_id
    from shared.edge.offsets import committed_offsets, committed_reader, end_offsets, unread

    prefix = connection.topic_prefix
    ends = await end_offsets(connection.kafka, {prefix + topic.name for _, topic in pairs})
    async with committed_reader(connection.kafka) as reader:
        for service, topic in pairs:
            target = {place: end for place, end in ends.items() if place.topic == prefix + topic.name}

            async def left(service: str = service, topic: "Topic" = topic, target: "Offsets" = target) -> str | None:
                done = await committed_offsets(admin, prefix + group_id(service, topic))
                records = sum((await unread(reader, done, target)).values())
                return f"{service} is {records} records behind on {topic.name}" if records else None

            await _until(left, deadline)


async def _redriven(database: "asyncpg.Connection[asyncpg.Record]", service: str) -> str | None:
    dead_letters = await database.fetchval(_DUE_DEAD_LETTERS.format(service=service))
    return f"{dead_letters} dead letters wait for their redrive" if dead_letters else None


async def _refolded(database: "asyncpg.Connection[asyncpg.Record]", service: str) -> str | None:
    counties = await database.fetchval(
        f"select count(*) from {service}.refold where registers <> "
        "(select version from reference.register_version where part = 'registers')"
    )
    return f"{service} is refolding {counties} counties" if counties else None


async def _histories_published(database: "asyncpg.Connection[asyncpg.Record]", newest: int) -> str | None:
    """Whether the membership histories up to this version are published."""
    left = await database.fetchval("select count(*) from segments.history where pending and version <= $1", newest)
    return f"segments still has to publish {left} histories of clients" if left else None


async def _histories_received(database: "asyncpg.Connection[asyncpg.Record]", service: str, newest: int) -> str | None:
    """Whether a family has received the membership histories up to this version."""
    left = await database.fetchval(_NOT_RECEIVED.format(service=service), newest)
    return f"{service} has not received {left} histories of clients" if left else None


async def _stale_periods(database: "asyncpg.Connection[asyncpg.Record]", service: str) -> "list[asyncpg.Record]":
    """The stale periods of a family now; none for a family without stored cells."""
    if not await database.fetchval("select to_regclass($1) is not null", f"{service}.stale"):
        return []
    return await database.fetch(f"select county, period_kind, period, since, change_number from {service}.stale")


async def _cells_computed(
    database: "asyncpg.Connection[asyncpg.Record]", service: str, marks: "Sequence[asyncpg.Record]"
) -> str | None:
    """Whether the cells of these periods hold the changes up to these numbers. Later changes are not waited for."""
    now = {tuple(row)[:4]: row for row in await database.fetch(_STALE.format(service=service))} if marks else {}
    left = sum(
        tuple(mark)[:4] in now and now[tuple(mark)[:4]]["computed_number"] < mark["change_number"] for mark in marks
    )
    return f"{service} counts the clients of {left} periods" if left else None


async def _registers_loaded(connection: Connection, database: "asyncpg.Connection[asyncpg.Record]") -> str | None:
    """Whether the services have loaded the registers of the folder. They never load a wrong folder."""
    from shared.registers import RegisterError, load_folder

    loaded = await database.fetchval("select version from reference.register_version where part = 'registers'")
    try:
        of_folder = load_folder(connection.config_dir).version
    except RegisterError:
        return None
    return None if loaded == of_folder else "the services have not loaded the changed registers"


async def _until(behind: Behind, deadline: float) -> None:
    while (words := await _poll(behind)) is not None:
        if time.monotonic() >= deadline:
            raise VerbError(f"Not everything is in the figures yet: {words}.")
        await asyncio.sleep(PAUSE_S)


async def _poll(behind: Behind) -> str | None:
    """Poll once. A Kafka that is still starting counts as not done."""
    from aiokafka.errors import KafkaError

    try:
        return await behind()
    except KafkaError as error:
        if not error.retriable:
            raise
        return f"Kafka does not answer yet ({type(error).__name__})"
