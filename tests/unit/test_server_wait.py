"""Waiting for a server: until it answers, but not for what waiting does not mend."""

import asyncpg
import pytest

from deploy.hva import server_wait
from deploy.hva.context import VerbError
from deploy.hva.server_wait import retry_until_reachable


async def test_a_server_that_comes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_wait, "_PAUSE_S", 0.0)
    failures: list[Exception] = [ConnectionRefusedError(), asyncpg.CannotConnectNowError()]

    async def task() -> None:
        if failures:
            raise failures.pop()

    await retry_until_reachable("PostgreSQL", task, 60.0)
    assert failures == []


@pytest.mark.parametrize("error", [asyncpg.DuplicateTableError, asyncpg.PostgresSyntaxError])
async def test_a_statement_that_is_refused_is_refused_at_once(error: type[Exception]) -> None:
    tries: list[int] = []

    async def task() -> None:
        tries.append(1)
        raise error

    with pytest.raises(VerbError, match=f"refuses a statement .{error.__name__}."):
        await retry_until_reachable("PostgreSQL", task, 60.0)
    assert tries == [1]
