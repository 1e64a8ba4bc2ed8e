"""Redrives dead letters: those that the steward requested, and those whose cause may have disappeared.

Dead letters for an unknown unit or source are due when the registers have changed since the verdict, those with a
future time once that time has come. Each is processed in a transaction of its own, which locks its row. So two
replicas never process the same dead letter, and one that waits for a lock or fails does not delay the others.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import asyncpg

from shared.batch import Held
from shared.contracts.reasons import Reason
from shared.dead_letters import DeadLetterCipher, DecryptionError, Rejected
from shared.failure import Failure, classify
from shared.postgres.lock import Connection
from shared.postgres.pool import extend_transaction_timeout
from shared.record import PlainRecord

# The transaction of the row is idle while the attempt waits for a lock and a commit, at most 60 s each.
_ATTEMPT_S: Final = 150
Attempt = Callable[[PlainRecord], Awaitable[Rejected | None]]
"""Processes a record again. Returns None when it is accepted now, else the new verdict."""

_IS_DUE: Final = """
not truncated and (state = 'redrive' or state = 'open' and (
  reason in ('unknown_unit', 'unknown_source') and register_version <> $1
  or reason = 'future_time' and retry_at <= $2))
"""
_ANY: Final = f"select exists (select from {{schema}}.dead_letter where {_IS_DUE})"
_DUE: Final = f"""
select id, topic, "partition", "offset", recorded_at, sealed from {{schema}}.dead_letter
where id > $3 and {_IS_DUE}
order by id limit 1 for update skip locked
"""
_RESOLVED: Final = """
update {schema}.dead_letter set state = 'resolved', attempts = attempts + 1, changed_at = clock_timestamp()
where id = $1
"""
_SEALED: Final = """
update {schema}.dead_letter
set state = 'open', attempts = attempts + 1, changed_at = clock_timestamp(), detail = $2, retry_at = null,
    register_version = $3
where id = $1
"""
_REJECTED_AGAIN: Final = """
update {schema}.dead_letter
set state = 'open', attempts = attempts + 1, changed_at = clock_timestamp(), reason = $2, detail = $3,
    retry_at = $4, register_version = $5
where id = $1
"""


async def redrive_due(
    pool: "asyncpg.Pool[asyncpg.Record]",
    schema: str,
    cipher: DeadLetterCipher,
    attempt: Attempt,
    register_version: str,
    now: datetime,
) -> int:
    """Process every dead letter that is due, in order of id. Returns how many were processed.

    After a transient error the dead letter stays due and the next one follows; the first such error is raised at the
    end. An error of the connection that locks the rows is raised immediately.
    """
    if not await pool.fetchval(_ANY.format(schema=schema), register_version, now):
        return 0
    tried, last = 0, 0
    transient: Exception | None = None
    while True:
        async with pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(_DUE.format(schema=schema), register_version, now, last)
            if row is None:
                break
            await extend_transaction_timeout(connection, _ATTEMPT_S)
            await connection.execute(f"set local idle_in_transaction_session_timeout = '{_ATTEMPT_S}s'")
            try:
                verdict = await _verdict(row, cipher, attempt)
            except Held:
                pass  # it stays due
            except Exception as error:
                transient = transient or error
            else:
                await _settle(connection, schema, row["id"], verdict, register_version)
        tried, last = tried + 1, row["id"]
    if transient:
        raise transient
    return tried


async def _verdict(
    row: asyncpg.Record, cipher: DeadLetterCipher, attempt: Attempt
) -> Rejected | DecryptionError | None:
    """Return the new verdict on the record. Raises transient errors."""
    milliseconds = round(row["recorded_at"].timestamp() * 1000)
    try:
        record = cipher.decrypt(row["topic"], row["partition"], row["offset"], milliseconds, row["sealed"])
        return await attempt(record)
    except DecryptionError as error:
        return error
    except Exception as error:
        if classify(error) is Failure.TRANSIENT:
            raise
        return Rejected(Reason.HANDLER_BUG, type(error).__name__)


async def _settle(
    connection: Connection,
    schema: str,
    dead_letter: int,
    verdict: Rejected | DecryptionError | None,
    register_version: str,
) -> None:
    match verdict:
        case None:
            await connection.execute(_RESOLVED.format(schema=schema), dead_letter)
        case DecryptionError():
            sentence = f"cannot be decrypted: {verdict}"
            await connection.execute(_SEALED.format(schema=schema), dead_letter, sentence, register_version)
        case Rejected(reason, detail, _, retry_at, registers):
            statement = _REJECTED_AGAIN.format(schema=schema)
            await connection.execute(statement, dead_letter, str(reason), detail, retry_at, registers)
