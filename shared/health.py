"""/livez, /readyz and /metrics, served from a thread of their own.

Their own thread, because they must be able to tell that the event loop is blocked: liveness is a tick that the
loop has to make, readiness is what the loop last said about its surroundings, if that is recent.
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

LOOP_SILENCE_S: Final = 30.0  # a loop that has not ticked for so long is stuck: the longest batch is far below it


class Health:
    """What is known of a service's state. Written by the event loop, read by the health thread.

    Each named part (kafka, postgres, registers, ...) is either fine or has one sentence that says what is
    wrong; the service is ready when every part is fine. What a probe found holds for a while only: the probe may
    hang together with what it looks at.
    """

    def __init__(self, parts: tuple[str, ...], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._ticked = monotonic()
        self._troubles: dict[str, str | None] = dict.fromkeys(parts, "not started yet")
        self._valid_until: dict[str, float] = {}
        self._warnings: dict[str, str] = {}
        self._lock = threading.Lock()

    def tick(self) -> None:
        """Say that the event loop runs."""
        self._ticked = self._monotonic()

    def set_ok(self, part: str, valid_s: float = math.inf) -> bool:
        """Say that a part works, for so many seconds from now. Returns whether that is news."""
        return self._set(part, None, valid_s)

    def set_problem(self, part: str, sentence: str, expires_in_s: float = math.inf) -> bool:
        """Say what is wrong with a part, without values or secrets. Returns whether that is news.

        It ends after `expires_in_s` where nobody repeats it: for what may stop without anything that says so.
        """
        return self._set(part, sentence, expires_in_s)

    def warn(self, part: str, sentence: str | None) -> None:
        """Say what someone should mend although the service works; None when it is mended."""
        with self._lock:
            self._warnings.pop(part, None)
            if sentence is not None:
                self._warnings[part] = sentence

    def warnings(self) -> dict[str, str]:
        """What someone should mend."""
        with self._lock:
            return dict(self._warnings)

    def _set(self, part: str, sentence: str | None, valid_s: float) -> bool:
        with self._lock:
            news = self._troubles.get(part) != sentence
            self._troubles[part] = sentence
            self._valid_until[part] = self._monotonic() + valid_s
            return news

    def problems(self) -> dict[str, str]:
        """The parts that do not work, each with its sentence."""
        with self._lock:
            texts = {part: self._current(part, text) for part, text in self._troubles.items()}
        return {part: text for part, text in texts.items() if text is not None}

    def _current(self, part: str, text: str | None) -> str | None:
        """What holds now of what was said last. Neither silence of a probe nor a trouble that nobody repeats lasts."""
        late = self._monotonic() - self._valid_until.get(part, math.inf)
        if late <= 0:
            return text
        return None if text else f"not known to be fine: the last probe is overdue for {late:.0f} s"

    def ready(self) -> bool:
        """Whether the service can do its work now."""
        return not self.problems()

    def live(self) -> bool:
        """Whether the event loop has run lately."""
        return self._monotonic() - self._ticked < LOOP_SILENCE_S


class HealthServer:
    """The HTTP side of Health; GET and HEAD."""

    def __init__(self, health: Health, registry: CollectorRegistry, host: str, port: int) -> None:
        self._server = ThreadingHTTPServer((host, port), _handler(health, registry))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        """The port it really listens on."""
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
            """Everything before the body; returns the body."""
            status, content_type, body = answer(self.path.split("?", 1)[0])
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            return body

        def log_message(self, *args: object) -> None:
            """Probes are not worth a log line."""

    return Handler
