"""A network between a service and PostgreSQL in which the server can become unreachable without closing connections."""

import asyncio
import ctypes
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from tests.replica import wait_until

_SO_ATTACH_FILTER, _SO_DETACH_FILTER = 26, 27
_DROP_ALL: Final = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # BPF: accept 0 bytes of a packet
_PROGRAM: Final = struct.pack("HP", 1, ctypes.addressof(_DROP_ALL))


class Network:
    """Forwards connections to a server until it vanishes. Connections from before its return stay dead.

    With `drop_packets` the kernel drops every packet from the service without an acknowledgement, as when the host is
    gone. Otherwise data is acknowledged and discarded, as by a proxy that has not noticed the failure.
    """

    def __init__(self, dsn: str, drop_packets: bool) -> None:
        parts = urlsplit(dsn)
        self._target, self._drop_packets = (parts.hostname, parts.port), drop_packets
        self._dsn = dsn
        self._server: asyncio.Server | None = None
        self._vanished = False
        self._open: set[_Link] = set()

    @asynccontextmanager
    async def forwarding(self) -> AsyncIterator[str]:
        """Forward while in the context. Yields the DSN for the service."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        try:
            yield self._dsn.replace(f":{self._target[1]}/", f":{port}/")
        finally:
            self._server.close()
            for link in self._open:
                link.close()
            await wait_until(lambda: not self._open, "the connections are closed")

    def vanish(self) -> None:
        """Make the server unreachable."""
        assert self._server is not None
        self._vanished = True
        for link in self._open:
            link.dead = True
        if self._drop_packets:
            for endpoint in (*self._server.sockets, *(link.service_socket() for link in self._open)):
                endpoint.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, _PROGRAM)

    def come_back(self) -> None:
        """Accept new connections to the server again."""
        assert self._server is not None
        self._vanished = False
        if self._drop_packets:
            for endpoint in self._server.sockets:
                endpoint.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(*self._target)
        link = _Link(writer, server_writer, self._vanished)
        self._open.add(link)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(link.forward(reader, server_writer))
                tasks.create_task(link.forward(server_reader, writer))
        except* OSError:
            pass  # the service or the server closed its connection
        finally:
            self._open.discard(link)
            link.close()


class _Link:
    """A forwarded connection."""

    def __init__(self, service: asyncio.StreamWriter, server: asyncio.StreamWriter, dead: bool) -> None:
        self._service, self._server, self.dead = service, server, dead

    def service_socket(self) -> socket.socket:
        found: socket.socket = self._service.get_extra_info("socket")
        return found

    async def forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one direction until it is closed. A dead connection discards its data."""
        while data := await reader.read(65536):
            if not self.dead:
                writer.write(data)
                await writer.drain()
        writer.close()

    def close(self) -> None:
        self._service.transport.abort()
        self._server.transport.abort()
