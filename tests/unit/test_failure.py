"""What passes by itself and what never does: the one decides for trying again, the other for a letter."""

import asyncpg
import pytest
from aiokafka import errors

from shared.failure import Failure, classify


@pytest.mark.parametrize("error", [errors.MessageSizeTooLargeError(), errors.RecordListTooLargeError()])
def test_a_record_that_no_topic_takes_is_ours_to_mend(error: Exception) -> None:
    assert classify(error) is Failure.BUG


@pytest.mark.parametrize(
    "error",
    [
        errors.KafkaConnectionError(),
        errors.RequestTimedOutError(),
        errors.NotLeaderForPartitionError(),
        errors.NotEnoughReplicasError(),
        errors.UnknownTopicOrPartitionError(),
        errors.TopicAuthorizationFailedError(),
        ConnectionResetError(),
        TimeoutError(),
        asyncpg.DiskFullError(),
        asyncpg.DeadlockDetectedError(),
        asyncpg.ConnectionDoesNotExistError(),
        asyncpg.UndefinedTableError(),
        asyncpg.UndefinedColumnError(),
        asyncpg.UndefinedFunctionError(),
        asyncpg.DatatypeMismatchError(),
        asyncpg.PostgresSyntaxError(),
        asyncpg.InvalidCachedStatementError(),
        asyncpg.InterfaceError("the pool is closing"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_restart_or_an_operator_mends_is_tried_again(error: Exception) -> None:
    assert classify(error) is Failure.TRANSIENT


@pytest.mark.parametrize(
    "error",
    [KeyError("x"), AssertionError(), asyncpg.NotNullViolationError(), asyncpg.DataError(), asyncpg.PostgresError()],
    ids=lambda error: type(error).__name__,
)
def test_anything_else_is_a_bug(error: Exception) -> None:
    assert classify(error) is Failure.BUG
