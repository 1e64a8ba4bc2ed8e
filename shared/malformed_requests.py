"""Filters what the HTTP servers (the gateway, `hva serve`) log about requests that never reach their handlers."""

import logging

from aiohttp.http_exceptions import HttpProcessingError


class MalformedRequests(logging.Filter):
    """Downgrades aiohttp's error about a request that is not valid HTTP to a warning: the sender is at fault.

    The server answers it with 400. The log record keeps no part of the request, which may contain a token.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg, record.args, record.exc_info = "a request is not valid HTTP", None, None
            record.kind = type(error).__name__
        return True
