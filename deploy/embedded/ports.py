"""Free loopback ports.

They come from below the kernel's range for outgoing connections. Otherwise a client that reconnects to a
restarting server could get the server's own port and block it.
"""

import socket
from pathlib import Path
from random import Random

LOOPBACK = "127.0.0.1"
_MIN_PORT = 20_000
_RANGE_FILE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # ignore closed connections
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_port(rng: Random) -> int:
    """A port that was free a moment ago. The caller retries with another one if it has been taken since."""
    limit = _first_ephemeral_port()
    if limit - _MIN_PORT > 1000:
        for _ in range(50):
            port = rng.randrange(_MIN_PORT, limit)
            if is_free(port):
                return port
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _first_ephemeral_port() -> int:
    try:
        return int(_RANGE_FILE.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return 32_768
