"""`hva replay` without a server: its options and its output."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from deploy.hva import replay
from deploy.hva.context import Connection

STARTED = datetime(2026, 6, 1, 12, tzinfo=UTC)
RESULT: dict[str, Any] = {
    "started_at": STARTED,
    "ended_at": STARTED + timedelta(seconds=1.5),
    "facts": 70,
    "wrong_facts": 2,
    "cells": 9,
    "wrong_cells": 0,
}


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    """The service always returns the same result, with a number of records if Kafka is read."""

    async def request_replay(dsn: str, family: str, repairs: bool, from_kafka: bool, seconds: float) -> dict[str, Any]:
        return RESULT | {"records": 55 if from_kafka else None}

    connection = Connection("", "", None, None, None, None, None, None, {})  # type: ignore[arg-type]
    monkeypatch.setattr(replay, "request_replay", request_replay)
    monkeypatch.setattr(replay, "resolve", lambda _: connection)
    app = typer.Typer()
    replay.register(app)
    return app


@pytest.mark.parametrize(
    ("options", "output", "code"),
    [
        ([], "2 of 70 facts and 0 of 9 stored values were wrong and are repaired (1.5 s).", 0),
        (["--audit"], "2 of 70 facts and 0 of 9 stored values were wrong; nothing was changed (1.5 s).", 1),
        (["--from-kafka"], "55 records of Kafka read again; 2 of 70 facts and 0 of 9 stored values", 0),
    ],
)
def test_result_is_printed_with_its_exit_code(app: typer.Typer, options: list[str], output: str, code: int) -> None:
    result = CliRunner().invoke(app, ["nps", *options])
    assert result.output.startswith(f"nps: {output}")
    assert result.exit_code == code


@pytest.mark.parametrize("wrong", [["ingest"], ["nps", "--audit", "--from-kafka"], ["nps", "--timeout", "-1"]])
def test_invalid_arguments_exit_with_code_2(app: typer.Typer, wrong: list[str]) -> None:
    assert CliRunner().invoke(app, wrong).exit_code == 2
