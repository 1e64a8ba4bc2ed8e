"""An invalid setting, key file or register stops the start with one clear sentence, before any connection is made."""

import asyncio
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from services.ingest.app import build
from shared.edge import service
from tests.bytecode import BYTECODE
from tests.deadlines import DEADLINE_S
from tests.product import ROOT, SAMPLE

Change = Callable[[dict[str, str], Path], None]


def _set(name: str, value: str) -> Change:
    return lambda environment, _: environment.update({name: value})


def _write(file: str, text: str, mode: int = 0o600) -> Change:
    def change(_: dict[str, str], folder: Path) -> None:
        (folder / file).write_text(text)
        (folder / file).chmod(mode)

    return change


def _append(file: str, text: str) -> Change:
    def change(_: dict[str, str], folder: Path) -> None:
        with (folder / "config" / file).open("a") as register:
            register.write(text)

    return change


# An invalid change, and a part of the expected sentence.
INVALID: dict[str, tuple[Change, str]] = {
    "no_kafka": (_set("HVA_KAFKA_BOOTSTRAP", ""), "HVA_KAFKA_BOOTSTRAP is not set"),
    "no_postgres": (_set("HVA_POSTGRES_URL", ""), "HVA_POSTGRES_URL is not set"),
    "kafka_no_address": (_set("HVA_KAFKA_BOOTSTRAP", "kafka:portti"), "HVA_KAFKA_BOOTSTRAP"),
    "postgres_no_url": (_set("HVA_POSTGRES_URL", "salasana@palvelin"), "HVA_POSTGRES_URL"),
    "port": (_set("HVA_METRICS_PORT", "99999"), "HVA_METRICS_PORT must be an integer"),
    "log_level": (_set("HVA_LOG_LEVEL", "LOUD"), "HVA_LOG_LEVEL must be one of"),
    "batch": (_set("HVA_MAX_RECORDS", "0"), "HVA_MAX_RECORDS must be an integer"),
    "no_config": (_set("HVA_CONFIG_DIR", "/nowhere"), "/nowhere"),
    "no_letter_key": (_set("HVA_LETTER_KEY_FILE", "/nowhere"), "key file"),
    "letter_key_open": (_write("letter.keys", f"l1 {'A' * 43}=\n", 0o644), "chmod 600"),
    "letter_key_short": (_write("letter.keys", "l1 AAAA\n"), "letter.keys"),
    "letter_key_empty": (_write("letter.keys", ""), "letter.keys is empty"),
    "pseudonym_key": (_write("pseudonym.keys", "k1 ei-base64\n"), "pseudonym.keys"),
    "units_overlap": (
        _append("units.csv", "oma-hame,forssa-ta,x,x,x,a,b,c,d,false,2024-01-01,\n"),
        "units.csv",
    ),
    "promise": (_append("promises.csv", "oma-hame,terveys,phone,joskus,1,2024-01-01\n"), "promises.csv"),
}


def _environment(folder: Path) -> dict[str, str]:
    """A valid environment with its own files. Its servers do not exist."""
    shutil.copytree(SAMPLE / "config", folder / "config")
    for name, key in (("pseudonym", "k1"), ("letter", "l1")):
        _write(f"{name}.keys", f"{key} {'A' * 43}=\n")({}, folder)
    return {
        **os.environ,
        **BYTECODE,
        "HVA_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "HVA_POSTGRES_URL": "postgresql://hva@127.0.0.1:1/hva",
        "HVA_CONFIG_DIR": str(folder / "config"),
        "HVA_PSEUDONYM_KEY_FILE": str(folder / "pseudonym.keys"),
        "HVA_LETTER_KEY_FILE": str(folder / "letter.keys"),
    }


async def _start(name: str, environment: dict[str, str]) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"services.{name}",
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    except TimeoutError:
        process.kill()
        output, _ = await process.communicate()
        return None, "it did not stop"
    return process.returncode, output.decode()


@pytest.mark.parametrize("case", INVALID)
def test_invalid_input_is_reported_in_one_sentence(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change, expected = INVALID[case]
    environment = _environment(tmp_path)
    change(environment, tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(service, "_start_health_server", lambda _: pytest.fail("it started"))
    with pytest.raises(SystemExit) as end:
        service.main("ingest", build)
    sentence = str(end.value.code)
    assert sentence.startswith("ingest cannot start: ") and expected in sentence and "\n" not in sentence
    assert "salasana" not in sentence and "ei-base64" not in sentence, "the sentence contains a secret"


@pytest.mark.parametrize("name", ["ingest", "nps", "fcr", "segments"])
async def test_failed_start_prints_one_line_and_exits_with_1(name: str, tmp_path: Path) -> None:
    code, output = await _start(name, _environment(tmp_path) | {"HVA_MAX_RECORDS": "x"})
    assert (code, output.count("\n")) == (1, 1), output
    assert output.startswith(f"{name} cannot start: HVA_MAX_RECORDS must be")


async def test_port_in_use_is_reported(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        code, output = await _start("nps", _environment(tmp_path) | {"HVA_METRICS_PORT": str(port)})
    assert (code, output.count("\n")) == (1, 1), output
    assert "HVA_METRICS_PORT" in output
