"""One JSON line a log record, on standard error.

No payload, pseudonym or personal identity code ever enters a log: callers give counts, names and positions,
and exceptions are logged by their type alone since the text of a database error may quote values.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class JsonFormatter(logging.Formatter):
    """Time, level, logger, text and whatever was given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "text": record.getMessage(),
        }
        line.update({k: v for k, v in vars(record).items() if k not in _STANDARD})
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["at"] = _frames(record.exc_info[2])
        return json.dumps(line, ensure_ascii=False, default=str)


def _frames(tb: Any) -> list[str]:
    """Where it happened, without the text of the error: file, line and function of the innermost frames."""
    return [f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno} {f.name}" for f in traceback.extract_tb(tb)[-4:]]


def set_up_logging(service: str, level: str) -> logging.Logger:
    """Send all logs of the process through the JSON formatter; returns the service's logger."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # Their messages quote record contents or repeat what health and metrics already say.
    for noisy in ("aiokafka", "faststream"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    logger = logging.getLogger(f"hva.{service}")
    logger.setLevel(level)
    return logger
