"""/livez, /readyz and /metrics, served from a separate thread.

They have their own thread so that they can report a blocked event loop. The service is live if the loop ticked
recently. It is ready if the loop's last reports about its dependencies are good and recent.
"""

import json
import math
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

LOOP_SILENCE_S: Final = 30.0  # a loop without a tick for this long is stuck: it never blocks nearly as long


class Health:
    """The state of a service. The event loop writes it, the health thread reads it.

    Each named part (kafka, postgres, registers, ...) either works or has one sentence that describes its problem. The
    service is ready when every part works. The result of a probe expires, because the probe may hang together with the
    server that it checks.
    """

    def __init__(self, parts: tuple[str, ...], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._ticked = monotonic()
        self._problems: dict[str, str | None] = dict.fromkeys(parts, "not started yet")
        self._valid_until: dict[str, float] = {}
        self._warnings: dict[str, str] = {}
        self._lock = threading.Lock()

    def tick(self) -> None:
        """Record that the event loop runs."""
        self._ticked = self._monotonic()

    def set_ok(self, part: str, valid_s: float = math.inf) -> bool:
        """Record that a part works, valid for `valid_s` seconds. Returns whether its state changed."""
        return self._set(part, None, valid_s)

    def set_problem(self, part: str, sentence: str, expires_in_s: float = math.inf) -> bool:
        """Record the problem of a part, without values or secrets. Returns whether its state changed.

        The problem expires after `expires_in_s` unless it is reported again, for a problem whose end is not reported.
        """
        return self._set(part, sentence, expires_in_s)

    def warn(self, part: str, sentence: str | None) -> None:
        """Record something that someone should fix although the service works; None when it is fixed."""
        with self._lock:
            self._warnings.pop(part, None)
            if sentence is not None:
                self._warnings[part] = sentence

    def warnings(self) -> dict[str, str]:
        """Return what someone should fix, by part."""
        with self._lock:
            return dict(self._warnings)

    def _set(self, part: str, sentence: str | None, valid_s: float) -> bool:
        with self._lock:
            changed = self._problems.get(part) != sentence
            self._problems[part] = sentence
            self._valid_until[part] = self._monotonic() + valid_s
            return changed

    def problems(self) -> dict[str, str]:
        """Return the parts that do not work, each with its sentence."""
        with self._lock:
            texts = {part: self._current(part, text) for part, text in self._problems.items()}
        return {part: text for part, text in texts.items() if text is not None}

    def _current(self, part: str, text: str | None) -> str | None:
        """Return the current problem of a part: an expired success becomes a problem, an expired problem ends."""
        overdue = self._monotonic() - self._valid_until.get(part, math.inf)
        if overdue <= 0:
            return text
        return None if text else f"state unknown: the last probe is overdue by {overdue:.0f} s"

    def ready(self) -> bool:
        """Whether the service can do its work now."""
        return not self.problems()

    def live(self) -> bool:
        """Whether the event loop has run recently."""
        return self._monotonic() - self._ticked < LOOP_SILENCE_S


class HealthServer:
    """The HTTP side of Health; GET and HEAD."""

    def __init__(self, health: Health, registry: CollectorRegistry, host: str, port: int) -> None:
        self._server = ThreadingHTTPServer((host, port), _handler(health, registry))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Serve until stop()."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(health: Health, registry: CollectorRegistry) -> type[BaseHTTPRequestHandler]:
    def probe(ok: bool, body: dict[str, object]) -> tuple[int, str, bytes]:
        return (200 if ok else 503), "application/json", json.dumps(body).encode()

    def answer(path: str) -> tuple[int, str, bytes]:
        match path:
            case "/livez":
                return probe(health.live(), {"live": health.live()})
            case "/readyz":
                problems = health.problems()
                return probe(not problems, {"ready": not problems, "troubles": problems, "warnings": health.warnings()})
            case "/metrics":
                return 200, CONTENT_TYPE_LATEST, generate_latest(registry)
            case _:
                return 404, "text/plain", b"there is /livez, /readyz and /metrics\n"

    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            self.wfile.write(self._send_head())

        def do_HEAD(self) -> None:
            self._send_head()

        def _send_head(self) -> bytes:
            """Send status and headers; return the body."""
            status, content_type, body = answer(self.path.split("?", 1)[0])
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            return body

        def log_message(self, *args: object) -> None:
            """Do not log requests."""

    return Handler
