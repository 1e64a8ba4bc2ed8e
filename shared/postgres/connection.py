"""A connection to PostgreSQL that closes when the server hangs or its host disappears.

Two things make a client wait much longer than its timeout. In asyncpg a cancelled call waits until the server has
confirmed the cancellation, which a hanging server never does. And TCP retransmits for up to a quarter of an hour to a
host that is gone.
"""

import asyncio
import socket
from typing import Any, Final

import asyncpg

CANCEL_S: Final = 2.0
"""A cancelled or timed-out call returns within this time, whatever the server does."""
PEER_TIMEOUT_S: Final = 10
"""The kernel closes a connection whose peer has acknowledged nothing for this long."""
_IDLE_S, _INTERVAL_S, _PROBES = 5, 2, 3  # TCP keepalives, for connections without data in flight

_SOCKET_OPTIONS: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _IDLE_S),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _INTERVAL_S),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _PROBES),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, PEER_TIMEOUT_S * 1000),
)
SERVER_TIMEOUTS: Final = {
    "tcp_keepalives_idle": str(_IDLE_S),
    "tcp_keepalives_interval": str(_INTERVAL_S),
    "tcp_keepalives_count": str(_PROBES),
    "tcp_user_timeout": str(PEER_TIMEOUT_S * 1000),
}
"""The same for the server's side, as session settings: it rolls back and frees the locks of a client that is gone."""


class BoundedConnection(asyncpg.Connection):
    """A connection whose calls end within their timeout plus CANCEL_S, and that closes when its peer is gone."""

    def __init__(self, protocol: Any, transport: asyncio.Transport, *args: Any) -> None:
        super().__init__(protocol, transport, *args)
        connected = transport.get_extra_info("socket")
        if connected.family != socket.AF_UNIX:
            for option in _SOCKET_OPTIONS:
                connected.setsockopt(*option)

    def _cancel_current_command(self, waiter: Any, cancel_waiter: Any = None) -> None:
        """asyncpg calls this for every call that is cancelled or times out."""
        super()._cancel_current_command(waiter, cancel_waiter)  # type: ignore[misc]  # not in the stubs
        asyncio.get_running_loop().call_later(CANCEL_S, self._give_up, cancel_waiter)

    def _give_up(self, cancel_waiter: "asyncio.Future[None]") -> None:
        if not cancel_waiter.done():
            self.terminate()
