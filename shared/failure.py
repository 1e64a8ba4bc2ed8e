"""Classifies errors as transient or not.

A transient error is retried without limit. It must never produce a dead letter, because nothing is wrong with the
record. A full disk is transient: space returns, and the error counter pages someone. So is all of SQLSTATE class 42
(undefined or changed tables, columns and functions, missing grants, wrong syntax): code and schema are incompatible,
whatever the record contains. That lasts until one of them is upgraded, and /readyz reports it meanwhile.
"""

from enum import Enum
from typing import Final

import asyncpg
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError


class Failure(Enum):
    """The class of an exception raised by a commit."""

    TRANSIENT = "transient"
    BUG = "bug"


_TRANSIENT_STATES: Final = frozenset(
    {
        "25P03",  # idle_in_transaction_session_timeout: the process was frozen
        "25P04",  # transaction_timeout
        "25006",  # read-only: a failover is in progress
        "26000",  # a pooler lost a prepared statement
        "28000",  # the role may not connect now
        "28P01",  # the password was rotated: a restart with the new one will follow
        "3D000",  # the database is being restored
        "3F000",  # the schema does not exist yet: migrations are still running
        "40001",  # serialization failure
        "40P01",  # deadlock
        "53100",  # disk full
        "53200",  # out of memory
        "53300",  # too many connections
        "53400",  # a configured limit is exceeded
        "55P03",  # lock not available
        "57014",  # cancelled
        "57P01",  # admin shutdown
        "57P02",  # crash shutdown
        "57P03",  # starting up or in recovery
        "57P04",  # the database was dropped: it is being restored
        "57P05",  # idle session timeout
        "58030",  # I/O error
    }
)
_TRANSIENT_CLASSES: Final = frozenset(
    {
        "08",  # connection exceptions
        "42",  # the schema is of another version than the code
    }
)
_TOO_LARGE: Final = (MessageSizeTooLargeError, RecordListTooLargeError)
_CONNECTION: Final = (OSError, TimeoutError, KafkaError, asyncpg.InterfaceError, asyncpg.InternalClientError)


_SESSION_ENDED: Final = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03"})


def is_connection_lost(error: BaseException) -> bool:
    """Whether PostgreSQL or the network ended the connection, whatever it was used for."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state in _SESSION_ENDED or state.startswith("08")
    return isinstance(error, (OSError, asyncpg.InterfaceError)) and not isinstance(error, TimeoutError)


def classify(error: BaseException) -> Failure:
    """Return TRANSIENT for every error that time, an operator or a restart of Kafka or PostgreSQL fixes."""
    if isinstance(error, asyncpg.InvalidCachedStatementError):
        return Failure.TRANSIENT  # a migration changed a table; the retry prepares the statement again
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        transient = state in _TRANSIENT_STATES or state[:2] in _TRANSIENT_CLASSES
        return Failure.TRANSIENT if transient else Failure.BUG
    transient = isinstance(error, _CONNECTION) and not isinstance(error, _TOO_LARGE)
    return Failure.TRANSIENT if transient else Failure.BUG
