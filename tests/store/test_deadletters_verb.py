"""`hva deadletters` on the command line: output and exit codes."""

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from deploy.hva.__main__ import main
from deploy.hva.context import VerbError
from deploy.hva.deadletters import _check_all_open
from shared.contracts.reasons import Reason
from shared.dead_letters import DeadLetter, Rejected
from shared.postgres.pool import make_pool
from shared.record import PlainRecord
from tests.product import Database
from tests.store.dead_letters import dead_letter, store, stored

HUGE = "99999999999999999999"
Verb = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
async def pool(database: Database) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    """Three open dead letters of ingest: 1 and 2 with reason `schema`, 3 with `unknown_unit`."""
    pool = await make_pool(database.dsn("hva_ingest"), "test")
    await store(pool, dead_letter(1), dead_letter(2), dead_letter(3, Reason.UNKNOWN_UNIT))
    yield pool
    await pool.close()


@pytest.fixture
def hva(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Verb:
    """Runs `hva deadletters ...` and returns the exit code and the output."""
    keys = tmp_path / "letter.keys"
    keys.touch(mode=0o600)
    keys.write_text(f"l1 {base64.b64encode(b'x' * 32).decode()}\n")
    monkeypatch.setenv("HVA_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setenv("HVA_POSTGRES_URL", database.dsn("hva_steward"))
    monkeypatch.setenv("HVA_LETTER_KEY_FILE", str(keys))
    monkeypatch.setenv("COLUMNS", "200")

    async def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["hva", "deadletters", *arguments])
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(main)
        output = "".join(capsys.readouterr())
        code = ended.value.code
        return (code, output) if isinstance(code, int) else (1, str(code)) if code else (0, output)

    return run


async def states(pool: "asyncpg.Pool[asyncpg.Record]") -> list[str]:
    return [state for (state,) in await stored(pool, "state")]


@pytest.mark.parametrize(
    ("count", "dead_letters", "all_open"),
    [
        (2, ["ingest-1", "ingest-2"], True),
        (1, ["ingest-1", "ingest-1"], True),
        (1, ["ingest-1", "ingest-2"], False),
        (0, ["ingest-1"], False),
        (0, None, True),  # --all without any
        (0, [], True),
    ],
)
def test_named_dead_letters_must_be_open(count: int, dead_letters: list[str] | None, all_open: bool) -> None:
    if all_open:
        return _check_all_open(count, dead_letters)
    with pytest.raises(VerbError, match=f"^{count} of {len(dead_letters or ())} dead letters were open"):
        _check_all_open(count, dead_letters)


@pytest.mark.parametrize(
    ("verb", "state", "output"),
    [("redrive", "redrive", "will be processed again"), ("discard", "discarded", "discarded")],
)
async def test_exit_codes_of_redrive_and_discard(
    pool: "asyncpg.Pool[asyncpg.Record]", hva: Verb, verb: str, state: str, output: str
) -> None:
    assert await hva(verb, "ingest-1") == (0, f"1 dead letter {output}.\n")
    rest = "the others do not exist or are closed."
    assert await hva(verb, "ingest-1", "ingest-2") == (1, f"1 of 2 dead letters were open; {rest}")
    assert await states(pool) == [state, state, "open"]
    assert await hva(verb, "ingest-77") == (1, f"0 of 1 dead letters were open; {rest}")
    assert await hva(verb, "nps-3") == (1, f"0 of 1 dead letters were open; {rest}")
    assert await hva(verb, "--all", "--reason", "envelope") == (0, f"0 dead letters {output}.\n")
    assert await hva(verb, "--all", "--reason", "unknown_unit") == (0, f"1 dead letter {output}.\n")
    assert await states(pool) == [state] * 3
    assert (await hva(verb))[0] == 2
    assert (await hva(verb, "ingest-1", "--all"))[0] == 2


async def test_dead_letter_that_awaits_redrive_can_be_discarded(
    pool: "asyncpg.Pool[asyncpg.Record]", hva: Verb
) -> None:
    await hva("redrive", "--all")
    assert await hva("discard", "ingest-1") == (0, "1 dead letter discarded.\n")
    assert await states(pool) == ["discarded", "redrive", "redrive"]


@pytest.mark.parametrize(
    "dead_letter", [f"ingest-{HUGE}", f"ingest-{2**63}", f"ingest-{2**63 - 1}", "nps-" + "9" * 5000]
)
async def test_unknown_number_is_reported(pool: "asyncpg.Pool[asyncpg.Record]", hva: Verb, dead_letter: str) -> None:
    assert await hva("show", dead_letter) == (1, f"There is no dead letter {dead_letter}.")
    for verb in ("redrive", "discard"):
        assert (await hva(verb, dead_letter))[0] == 1
    assert await states(pool) == ["open"] * 3


@pytest.mark.parametrize("dead_letter", [HUGE, "ingest", "ingest-", "ingest--1", "ingest-١", "other-1", "-1x", ""])
async def test_invalid_id_is_reported(pool: "asyncpg.Pool[asyncpg.Record]", hva: Verb, dead_letter: str) -> None:
    sentence = f"{dead_letter} is not the id of a dead letter: `hva deadletters list` prints ids such as ingest-12."
    assert await hva("show", "--", dead_letter) == (1, sentence)


async def test_show_prints_the_value(pool: "asyncpg.Pool[asyncpg.Record]", hva: Verb) -> None:
    code, output = await hva("show", "ingest-2")
    assert (code, "value: value 2\n" in output) == (0, True)


async def test_control_characters_are_escaped(pool: "asyncpg.Pool[asyncpg.Record]", hva: Verb) -> None:
    hostile = PlainRecord("t", 0, 9, 1_700_000_000_000, b"k\x1b", b"a\nforged: \x1b[31m\xe2\x80\xae[red]")
    await store(pool, DeadLetter(hostile, Rejected(Reason.SCHEMA, "because\nforged: \x9b[red]")))
    assert r"schema: because\nforged: \x9b[red]  (unknown sender, t 0/9)" in (await hva("list"))[1].splitlines()[0]
    lines = (await hva("show", "ingest-4"))[1].splitlines()
    assert {r"detail: because\nforged: \x9b[red]", r"key: k\x1b", r"value: a\nforged: \x1b[31m\u202e[red]"} <= set(
        lines
    )
    shown = json.loads((await hva("show", "ingest-4", "--json"))[1])
    assert shown["record"]["value"] == "a\nforged: \x1b[31m\u202e[red]"


async def test_list_filters_by_reason_state_and_limit(pool: "asyncpg.Pool[asyncpg.Record]", hva: Verb) -> None:
    async def listed(*arguments: str) -> list[str]:
        code, output = await hva("list", "--json", *arguments)
        assert code == 0
        return sorted(row["letter"] for row in json.loads(output))

    await hva("redrive", "ingest-1")
    assert await listed() == ["ingest-2", "ingest-3"]
    assert await listed("--reason", "schema") == ["ingest-2"]
    assert await listed("--state", "redrive") == ["ingest-1"]
    assert await listed("--state", "all", "--reason", "schema") == ["ingest-1", "ingest-2"]
    assert await listed("--state", "all", "--limit", "1") == ["ingest-3"]


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (("list", "--state", "opened"), ("open", "redrive", "resolved", "discarded", "all")),
        (("list", "--reason", "skema"), tuple(Reason)),
        (("redrive", "--all", "--reason", ""), tuple(Reason)),
        (("discard", "--all", "--reason", "SCHEMA"), tuple(Reason)),
        (("list", "--limit", HUGE), ("1", "1000000")),
    ],
)
async def test_invalid_option_value_names_the_allowed_values(
    pool: "asyncpg.Pool[asyncpg.Record]", hva: Verb, arguments: tuple[str, ...], allowed: tuple[str, ...]
) -> None:
    code, output = await hva(*arguments)
    assert code == 2
    assert [name for name in allowed if name not in output] == []
    assert await states(pool) == ["open"] * 3
