"""Checks whether PostgreSQL answers, over a separate connection: a busy pool does not mean an unavailable server."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeAlias

import asyncpg

from shared.postgres.connection import SERVER_TIMEOUTS, BoundedConnection
from shared.postgres.writable import refuse_read_only

ANSWER_TIMEOUT_S: Final = 5.0

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class PostgresProbe:
    """Sends the server empty queries.

    An unanswered query is kept while later ones use new connections. If a later query is answered and the old one
    still is not, something between client and server dropped the traffic and all connections of that time are lost:
    the probe calls `on_lost`. A server that only hung answers the old query, too, and nothing is lost.
    """

    def __init__(self, dsn: str, application: str, on_lost: Callable[[], None]) -> None:
        self._dsn, self._on_lost = dsn, on_lost
        self._settings = {"application_name": application, **SERVER_TIMEOUTS}
        self._connection: Connection | None = None
        self._connect_timed_out = False
        self._unanswered: tuple[Connection, asyncio.Task[str]] | None = None

    async def ask(self) -> None:
        """Return when the server answers. Raises TimeoutError after at most 2 * ANSWER_TIMEOUT_S, or a client error.

        A call that waits for the server is never awaited without a timeout and never cancelled, because cancelling
        waits, too.
        """
        connection, self._connection = self._connection or await self._connect(), None
        query = asyncio.create_task(connection.execute("select 1"))
        query.add_done_callback(lambda task: task.cancelled() or task.exception())  # it may never be awaited
        await asyncio.wait({query}, timeout=ANSWER_TIMEOUT_S)
        if not query.done():
            self._keep_unanswered(connection, query)
            raise TimeoutError
        try:
            query.result()
            await refuse_read_only(connection)
        except BaseException:
            connection.terminate()
            raise
        self._connection = connection
        self._compare_unanswered()

    def close(self) -> None:
        """Drop the connections."""
        for connection in (self._connection, self._unanswered and self._unanswered[0]):
            if connection is not None:
                connection.terminate()

    async def _connect(self) -> Connection:
        try:
            return await asyncpg.connect(
                self._dsn, timeout=ANSWER_TIMEOUT_S, connection_class=BoundedConnection, server_settings=self._settings
            )
        except TimeoutError:
            # Without an older query nothing can show whether connections were lost.
            self._connect_timed_out = self._unanswered is None
            raise

    def _keep_unanswered(self, connection: Connection, query: "asyncio.Task[str]") -> None:
        """Keep the oldest query; a later one gives no more information."""
        if self._unanswered is None:
            self._unanswered = connection, query
        else:
            connection.terminate()

    def _compare_unanswered(self) -> None:
        connect_timed_out, self._connect_timed_out = self._connect_timed_out, False
        if self._unanswered is None:
            if connect_timed_out:
                self._on_lost()
            return
        (connection, query), self._unanswered = self._unanswered, None
        lost = not query.done()
        connection.terminate()
        if lost:
            self._on_lost()
