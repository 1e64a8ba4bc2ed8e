"""Waiting for a server until it answers. An error that waiting cannot resolve is reported at once."""

import asyncpg
import pytest

from deploy.hva import server_wait
from deploy.hva.context import VerbError
from deploy.hva.server_wait import retry_until_reachable


async def test_task_is_retried_until_the_server_is_reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_wait, "_PAUSE_S", 0.0)
    failures: list[Exception] = [ConnectionRefusedError(), asyncpg.CannotConnectNowError()]

    async def task() -> None:
        if failures:
            raise failures.pop()

    await retry_until_reachable("PostgreSQL", task, 60.0)
    assert failures == []


@pytest.mark.parametrize("error", [asyncpg.DuplicateTableError, asyncpg.PostgresSyntaxError])
async def test_refused_statement_is_not_retried(error: type[Exception]) -> None:
    attempts: list[int] = []

    async def task() -> None:
        attempts.append(1)
        raise error

    with pytest.raises(VerbError, match=f"refuses a statement .{error.__name__}."):
        await retry_until_reachable("PostgreSQL", task, 60.0)
    assert attempts == [1]
