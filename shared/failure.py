"""Which failures pass by themselves.

A transient one is tried again for as long as it takes: it must never become a dead letter, since nothing is wrong
with the record. A full disk is among them: space returns, and someone is paged by the counter. So is all of SQLSTATE
class 42 (undefined or changed tables, columns and functions, missing grants, wrong syntax): the code and the schema do
not fit together, whatever the record says. It lasts until either is upgraded, and /readyz says so meanwhile.
"""

from enum import Enum
from typing import Final

import asyncpg
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError


class Failure(Enum):
    """What to do about an exception out of a commit."""

    TRANSIENT = "transient"
    BUG = "bug"


_TRANSIENT_STATES: Final = frozenset(
    {
        "25P03",  # idle_in_transaction_session_timeout: we were frozen
        "25P04",  # transaction_timeout
        "25006",  # read-only: a failover is going on
        "26000",  # a pooler in between lost a prepared statement
        "28000",  # the role may not connect now
        "28P01",  # the password was rotated under us: the restart with the new one will follow
        "3D000",  # the database is being restored
        "3F000",  # the schema is not there yet: migrations are still running
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
_NEVER_FITS: Final = (MessageSizeTooLargeError, RecordListTooLargeError)
_LOST: Final = (OSError, TimeoutError, KafkaError, asyncpg.InterfaceError, asyncpg.InternalClientError)


def classify(error: BaseException) -> Failure:
    """Transient for everything that time, an operator or a restart of Kafka or PostgreSQL mends."""
    if isinstance(error, asyncpg.InvalidCachedStatementError):
        return Failure.TRANSIENT  # a migration changed a table under a prepared statement, which is now prepared anew
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        transient = state in _TRANSIENT_STATES or state[:2] in _TRANSIENT_CLASSES
        return Failure.TRANSIENT if transient else Failure.BUG
    passes = isinstance(error, _LOST) and not isinstance(error, _NEVER_FITS)
    return Failure.TRANSIENT if passes else Failure.BUG
