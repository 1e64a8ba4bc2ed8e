"""Free loopback ports.

They are taken from below the range that the kernel hands to outgoing connections: a client that retries a
server which is just restarting could otherwise be given that very port and hold it against the server.
"""

import socket
from pathlib import Path
from random import Random

LOOPBACK = "127.0.0.1"
_LOWEST = 20_000
_RANGE_FILE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # ended connections do not count
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_port(chance: Random) -> int:
    """A port that was free a moment ago; whoever uses it tries again with another when it was taken since."""
    highest = _first_outgoing()
    if highest - _LOWEST > 1000:
        for _ in range(50):
            port = chance.randrange(_LOWEST, highest)
            if is_free(port):
                return port
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _first_outgoing() -> int:
    try:
        return int(_RANGE_FILE.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return 32_768
