"""Whether PostgreSQL answers now, asked over a connection of its own: a busy pool is not a server that is away."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeAlias

import asyncpg

from shared.postgres.connection import SERVER_TIMEOUTS, BoundedConnection
from shared.postgres.writable import refuse_read_only

ANSWER_S: Final = 5.0

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class PostgresProbe:
    """Asks the server for nothing, again and again.

    A question without an answer is kept while later ones go over new connections. Once one of those is answered and
    the old one still is not, the connections of that time are lost (something between us and the server dropped what
    was sent): `on_lost` is called. A server that only hung answers the old one, too, and nothing is lost.
    """

    def __init__(self, dsn: str, application: str, on_lost: Callable[[], None]) -> None:
        self._dsn, self._on_lost = dsn, on_lost
        self._settings = {"application_name": application, **SERVER_TIMEOUTS}
        self._connection: Connection | None = None
        self._unsure = False
        self._unanswered: tuple[Connection, asyncio.Task[str]] | None = None

    async def ask(self) -> None:
        """Returns when there is an answer. Raises TimeoutError after 2 * ANSWER_S at most, or what the client raises.

        Nothing that waits for the server is awaited without a limit or cancelled: cancelling would wait, too.
        """
        connection, self._connection = self._connection or await self._connect(), None
        question = asyncio.create_task(connection.execute("select 1"))
        question.add_done_callback(lambda task: task.cancelled() or task.exception())  # it may never be awaited
        await asyncio.wait({question}, timeout=ANSWER_S)
        if not question.done():
            self._keep_unanswered(connection, question)
            raise TimeoutError
        try:
            question.result()
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
                self._dsn, timeout=ANSWER_S, connection_class=BoundedConnection, server_settings=self._settings
            )
        except TimeoutError:
            self._unsure = self._unanswered is None  # no older question can show whether connections were lost
            raise

    def _keep_unanswered(self, connection: Connection, question: "asyncio.Task[str]") -> None:
        """Keep the oldest one; a later one says nothing more."""
        if self._unanswered is None:
            self._unanswered = connection, question
        else:
            connection.terminate()

    def _compare_unanswered(self) -> None:
        unsure, self._unsure = self._unsure, False
        if self._unanswered is None:
            if unsure:
                self._on_lost()
            return
        (connection, question), self._unanswered = self._unanswered, None
        lost = not question.done()
        connection.terminate()
        if lost:
            self._on_lost()
