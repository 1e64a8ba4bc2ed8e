"""Classification of errors: transient errors are retried, bugs make dead letters."""

import asyncpg
import pytest
from aiokafka import errors

from shared.failure import Failure, classify


@pytest.mark.parametrize("error", [errors.MessageSizeTooLargeError(), errors.RecordListTooLargeError()])
def test_record_that_is_too_large_for_kafka_is_a_bug(error: Exception) -> None:
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
def test_error_that_a_restart_or_an_operator_fixes_is_transient(error: Exception) -> None:
    assert classify(error) is Failure.TRANSIENT


@pytest.mark.parametrize(
    "error",
    [KeyError("x"), AssertionError(), asyncpg.NotNullViolationError(), asyncpg.DataError(), asyncpg.PostgresError()],
    ids=lambda error: type(error).__name__,
)
def test_any_other_error_is_a_bug(error: Exception) -> None:
    assert classify(error) is Failure.BUG
