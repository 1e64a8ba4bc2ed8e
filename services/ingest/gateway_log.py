"""What the HTTP server itself logs of requests that never reach the gateway."""

import logging

from aiohttp.http_exceptions import HttpProcessingError


class MalformedRequests(logging.Filter):
    """Makes a warning of what aiohttp logs as an error: a request that is not valid HTTP is the sender's fault.

    The server answers it with 400. Nothing of the request stays in the record, since it may hold a token.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg, record.args, record.exc_info = "a request is not valid HTTP", None, None
            record.kind = type(error).__name__
        return True
