"""Rejects connections to a read-only server.

After a failover the former primary may continue as a standby: it answers reads and refuses every write. A connection to
it looks healthy and would be used for ever.
"""

from typing import Any

import asyncpg


async def refuse_read_only(connection: Any) -> None:
    """Raise ReadOnlySQLTransactionError, which is transient, if the server is read-only.

    For `setup` of a pool, which closes a connection for which this raises and opens a new one the next time. It costs
    no round trip: the server reports both settings on its own, also when they change.
    """
    settings = connection.get_settings()
    if "on" in (settings.in_hot_standby, settings.default_transaction_read_only):
        raise asyncpg.ReadOnlySQLTransactionError("the server is read-only: a failover is in progress")
