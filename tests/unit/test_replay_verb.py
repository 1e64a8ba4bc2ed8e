"""`hva replay`, the parts that need no server: how it is used, and what it says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from deploy.hva import replay
from deploy.hva.context import Connection

BEGUN = datetime(2026, 6, 1, 12, tzinfo=UTC)
FOUND: dict[str, Any] = {
    "started_at": BEGUN,
    "ended_at": BEGUN + timedelta(seconds=1.5),
    "facts": 70,
    "wrong_facts": 2,
    "cells": 9,
    "wrong_cells": 0,
}


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    """Asks nobody: the service finds always the same, and has read where that was asked for."""

    async def ask(dsn: str, family: str, repairs: bool, from_kafka: bool, seconds: float) -> dict[str, Any]:
        return FOUND | {"records": 55 if from_kafka else None}

    connection = Connection("", "", None, None, None, None, None, None, {})  # type: ignore[arg-type]
    monkeypatch.setattr(replay, "ask", ask)
    monkeypatch.setattr(replay, "resolve", lambda _: connection)
    app = typer.Typer()
    replay.register(app)
    return app


@pytest.mark.parametrize(
    ("options", "said", "code"),
    [
        ([], "of 70 facts 2, of 9 stored figures 0 were wrong and are repaired (1.5 s).", 0),
        (["--audit"], "of 70 facts 2, of 9 stored figures 0 found wrong, nothing changed (1.5 s).", 1),
        (["--from-kafka"], "55 records of Kafka read again, of 70 facts 2, of 9 stored figures", 0),
    ],
)
def test_it_says_what_was_found(app: typer.Typer, options: list[str], said: str, code: int) -> None:
    result = CliRunner().invoke(app, ["nps", *options])
    assert result.output.startswith(f"nps: {said}")
    assert result.exit_code == code


@pytest.mark.parametrize("wrong", [["ingest"], ["nps", "--audit", "--from-kafka"], ["nps", "--timeout", "-1"]])
def test_used_wrongly(app: typer.Typer, wrong: list[str]) -> None:
    assert CliRunner().invoke(app, wrong).exit_code == 2
