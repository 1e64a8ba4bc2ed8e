"""Connections to a server that takes no writes are not used.

After a failover the former primary may go on as a standby: it answers reads and refuses every write. A connection
that leads there looks healthy and would be used for ever.
"""

from typing import Any

import asyncpg


async def refuse_read_only(connection: Any) -> None:
    """For `setup` of a pool, which closes a connection for which this raises and opens a new one the next time.

    It costs no round trip: the server reports both settings by itself, also when they change. Raises
    ReadOnlySQLTransactionError, which is transient.
    """
    settings = connection.get_settings()
    if "on" in (settings.in_hot_standby, settings.default_transaction_read_only):
        raise asyncpg.ReadOnlySQLTransactionError("the server is read-only: a failover is going on")
