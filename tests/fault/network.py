"""A network between a service and PostgreSQL from which the server can vanish without a word."""

import asyncio
import ctypes
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from tests.replica import until

_SO_ATTACH_FILTER, _SO_DETACH_FILTER = 26, 27
_DROP_ALL: Final = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # BPF: accept 0 bytes of a packet
_PROGRAM: Final = struct.pack("HP", 1, ctypes.addressof(_DROP_ALL))


class Network:
    """Forwards connections to a server until it vanishes; connections of before its return stay dead for ever.

    `packets`: the kernel drops every packet from the service, unacknowledged, as when the host is gone. Otherwise
    what is sent is acknowledged and thrown away, as by a proxy in between that does not know better.
    """

    def __init__(self, dsn: str, packets: bool) -> None:
        parts = urlsplit(dsn)
        self._target, self._packets = (parts.hostname, parts.port), packets
        self._dsn = dsn
        self._server: asyncio.Server | None = None
        self._away = False
        self._open: set[_Link] = set()

    @asynccontextmanager
    async def forwarding(self) -> AsyncIterator[str]:
        """The DSN by which a service reaches the server."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        try:
            yield self._dsn.replace(f":{self._target[1]}/", f":{port}/")
        finally:
            self._server.close()
            for link in self._open:
                link.close()
            await until(lambda: not self._open, "the connections are closed")

    def vanish(self) -> None:
        """The server is gone from now on."""
        assert self._server is not None
        self._away = True
        for link in self._open:
            link.dead = True
        if self._packets:
            for end in (*self._server.sockets, *(link.service_end() for link in self._open)):
                end.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, _PROGRAM)

    def come_back(self) -> None:
        """The server can be connected to again."""
        assert self._server is not None
        self._away = False
        if self._packets:
            for end in self._server.sockets:
                end.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(*self._target)
        link = _Link(writer, server_writer, self._away)
        self._open.add(link)
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(link.pump(reader, server_writer))
                pumps.create_task(link.pump(server_reader, writer))
        except* OSError:
            pass  # one of the ends is gone
        finally:
            self._open.discard(link)
            link.close()


class _Link:
    """One connection that is forwarded."""

    def __init__(self, service: asyncio.StreamWriter, server: asyncio.StreamWriter, dead: bool) -> None:
        self._service, self._server, self.dead = service, server, dead

    def service_end(self) -> socket.socket:
        end: socket.socket = self._service.get_extra_info("socket")
        return end

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one direction until its end; what a dead connection is given is thrown away."""
        while data := await reader.read(65536):
            if not self.dead:
                writer.write(data)
                await writer.drain()
        writer.close()

    def close(self) -> None:
        self._service.transport.abort()
        self._server.transport.abort()
