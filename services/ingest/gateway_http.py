"""The HTTP side of the gateway: POST /events, authentication, size limits and status codes."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
from aiohttp import web
from aiohttp.log import server_logger

from services.ingest.gateway import Gateway, Outcome, UnavailableError
from services.ingest.gateway_body import CODINGS, BodyTooLargeError, DamagedBodyError, UnsupportedCodingError, read_body
from services.ingest.gateway_message import BatchTooLargeError, InvalidBatchError, event_headers, is_batch, split
from services.ingest.gateway_tokens import Tokens, read_tokens
from services.ingest.validate import Accepted
from shared.contracts.catalogue import MIB, RAW_LIMIT
from shared.contracts.reasons import Reason
from shared.edge.runtime import Runtime
from shared.keys import KeyFileError
from shared.malformed_requests import MalformedRequests

BATCH_LIMIT: Final = 16 * MIB
MAX_EVENTS: Final = 10_000  # per batch
RETRY_AFTER_S: Final = 5
_READ_TIMEOUT_S: Final = 30.0  # for a whole body to arrive
# For requests in progress. With the time the consumers need, it stays below any stop grace period.
_SHUTDOWN_TIMEOUT_S: Final = 8.0
SERVER_OPTIONS: Final[dict[str, Any]] = {"max_field_size": 64 * 1024, "auto_decompress": False}
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})

_STATUS: Final = {
    Reason.TOO_LARGE: 413,
    Reason.UNDECODABLE: 400,
    Reason.ENVELOPE: 400,
    Reason.HANDLER_BUG: 500,
}
_DEFAULT_REJECTED_STATUS: Final = 422

Close = Callable[[], Awaitable[None]]


class EventsEndpoint:
    """Answers requests. `is_unavailable`: whether Kafka or PostgreSQL is known to be down, or the service stops."""

    def __init__(
        self, gateway: Gateway, tokens: Tokens | None, is_unavailable: Callable[[], bool], logger: logging.Logger
    ) -> None:
        self._gateway, self._tokens, self._is_unavailable, self._logger = gateway, tokens, is_unavailable, logger

    def app(self) -> web.Application:
        """The application with its only route."""
        app = web.Application()
        app.router.add_post("/events", self.post)
        return app

    async def post(self, request: web.Request) -> web.Response:
        """Receive one event or a batch; answer when all are committed."""
        if self._tokens and not self._tokens.admit(request.headers.get("Authorization", "")):
            return _error(401, "a bearer token is required", {"WWW-Authenticate": "Bearer"})
        if self._is_unavailable():
            return _unavailable()
        headers = event_headers(request.raw_headers)
        batch = is_batch(headers)
        body = await _read(request, BATCH_LIMIT if batch else RAW_LIMIT)
        if isinstance(body, web.Response):
            return body
        try:
            if batch:
                return await self._batch(body, [header for header in headers if header[0] == "content-type"])
            (outcome,) = await self._gateway.receive([body], headers)
        except UnavailableError:
            return _unavailable()
        except Exception as error:
            self._logger.error("a request of the gateway failed", exc_info=error)
            return _error(500, "internal error: send the same again")
        return _answer(_status(outcome), _outcome_body(outcome))

    async def _batch(self, body: bytes, headers: list[tuple[str, bytes | None]]) -> web.Response:
        try:
            values = await asyncio.to_thread(split, body, MAX_EVENTS)
        except BatchTooLargeError:
            return _error(413, f"the batch has more than {MAX_EVENTS} events: nothing was kept, send smaller batches")
        except InvalidBatchError as error:
            verdict = await self._gateway.reject_body(body, headers, str(error))
            return _answer(_status(verdict), _outcome_body(verdict))
        return _answer(200, [_outcome_body(outcome) for outcome in await self._gateway.receive(values)])


async def _read(request: web.Request, limit: int) -> bytes | web.Response:
    """The body, or the error response when it cannot be read; then nothing is kept."""
    coding = ",".join(request.headers.getall("Content-Encoding", []))
    try:
        async with asyncio.timeout(_READ_TIMEOUT_S):
            return await read_body(request.content.iter_any(), coding, limit)
    except TimeoutError:
        return _error(408, f"the body did not arrive within {_READ_TIMEOUT_S:.0f} seconds")
    except UnsupportedCodingError:
        supported = ", ".join(CODINGS)
        message = f"the content coding is not supported: use one of {supported}, or none"
        return _error(415, message, {"Accept-Encoding": supported})
    except BodyTooLargeError:
        return _error(413, f"the body is larger than {limit} bytes: nothing was kept")
    except (DamagedBodyError, web.RequestPayloadError):
        return _error(400, "the body is truncated or does not match its headers: send the same again")


def _status(outcome: Outcome) -> int:
    return 202 if isinstance(outcome, Accepted) else _STATUS.get(outcome.reason, _DEFAULT_REJECTED_STATUS)


def _outcome_body(outcome: Outcome) -> dict[str, str]:
    """The answer for one event. For a rejected one it holds no value, not even the id, which may be invalid itself."""
    if isinstance(outcome, Accepted):
        # Not orjson: it cannot read a revision of more than 64 bits.
        return {"id": json.loads(outcome.value)["id"], "outcome": "accepted"}
    return {"outcome": "rejected", "reason": str(outcome.reason), "detail": outcome.detail}


def _answer(status: int, content: Any, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(content), content_type="application/json", headers=headers)


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    return _answer(status, {"error": message}, headers)


def _unavailable() -> web.Response:
    return _error(503, "cannot receive events now: send the same again", {"Retry-After": str(RETRY_AFTER_S)})


async def open_gateway(runtime: Runtime, gateway: Gateway) -> Close:
    """Listen on the configured port, if any. Returns a function that closes it and waits for requests in progress.

    An unusable port or token file stops the service with an error message.
    """
    settings, logger = runtime.settings, runtime.logger
    if settings.gateway_port is None:
        return _close_nothing
    server_logger.addFilter(MalformedRequests())

    def is_unavailable() -> bool:
        return runtime.stopping.is_set() or not runtime.health.problems().keys().isdisjoint({"kafka", "postgres"})

    try:
        tokens = read_tokens(settings.gateway_token_file) if settings.gateway_token_file else None
    except KeyFileError as error:
        runtime.give_up(f"the gateway cannot start: {error}")
        return _close_nothing
    if tokens is None and settings.gateway_host not in _LOOPBACK:
        logger.warning("the gateway accepts events without authentication: set HVA_GATEWAY_TOKEN_FILE")
    runner = web.AppRunner(
        EventsEndpoint(gateway, tokens, is_unavailable, logger).app(),
        access_log=None,
        shutdown_timeout=_SHUTDOWN_TIMEOUT_S,
        **SERVER_OPTIONS,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.gateway_host, settings.gateway_port).start()
    except OSError as error:
        await runner.cleanup()
        runtime.give_up(f"the gateway cannot listen on HVA_GATEWAY_PORT: {error.strerror}")
        return _close_nothing
    logger.info("the gateway listens", extra={"port": runner.addresses[0][1]})
    return runner.cleanup


async def _close_nothing() -> None:
    """The gateway is not open: there is nothing to close."""
