"""Reload of the register folder while a service runs: a folder that cannot be read changes and stops nothing."""

import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from shared.dead_letters import DeadLetterCipher
from shared.edge import reload
from shared.edge.reload import reload_registers
from shared.edge.runtime import Runtime
from shared.health import Health
from shared.keys import Key
from shared.metrics import PipelineMetrics
from shared.registers import load_folder
from shared.settings import Settings

DEFAULT = Path(__file__).parents[2] / "deploy" / "config"


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    """Return a running service with the registers of a folder. Without a pool, it cannot adopt other registers."""
    folder = Path(shutil.copytree(DEFAULT, tmp_path / "config"))
    registry = CollectorRegistry()
    return Runtime(
        settings=Settings("nps", "", "", folder, tmp_path),
        registers=load_folder(folder),
        cipher=DeadLetterCipher([Key("l1", b"x" * 32)]),
        pseudonym_keys=(),
        logger=logging.getLogger("test-reload"),
        registry=registry,
        metrics=PipelineMetrics("nps", registry),
        health=Health(()),
    )


def warning_and_gauge(runtime: Runtime) -> tuple[str | None, float | None]:
    """Return the warning of /readyz about registers, and the gauge."""
    return runtime.health.warnings().get("registers"), runtime.registry.get_sample_value("hva_registers_wrong")


def failing(error: OSError) -> Callable[..., Any]:
    def fail(folder: Path) -> None:
        raise error

    return fail


async def test_missing_folder_is_a_warning_until_it_returns(runtime: Runtime) -> None:
    run, registers, folder = reload_registers(runtime), runtime.registers, runtime.settings.config_dir
    await run()
    assert warning_and_gauge(runtime) == (None, 0)
    folder.rename(folder.with_name("moved"))
    for _ in range(2):
        await run()
        warning, gauge = warning_and_gauge(runtime)
        assert warning is not None and warning.startswith("changed and invalid, the previous ones stay in use: ")
        assert (gauge, runtime.registers) == (1, registers)
    assert runtime.health.ready() and not runtime.stopping.is_set()
    folder.with_name("moved").rename(folder)
    await run()
    assert warning_and_gauge(runtime) == (None, 0)
    assert runtime.registers is registers


@pytest.mark.parametrize("step", ["fingerprint", "load_folder"])
@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")])
async def test_unreadable_folder_is_a_warning(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, step: str, error: OSError
) -> None:
    registers = runtime.registers
    with monkeypatch.context() as broken:
        broken.setattr(reload, step, failing(error))
        await reload_registers(runtime)()
    warning, gauge = warning_and_gauge(runtime)
    assert warning is not None and error.strerror in warning
    assert (gauge, runtime.registers, runtime.stopping.is_set()) == (1, registers, False)


async def test_invalid_folder_is_read_once_and_reported_until_corrected(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, registers, units = reload_registers(runtime), runtime.registers, runtime.settings.config_dir / "units.csv"
    valid_text = units.read_text()
    await run()
    units.write_text("nothing\n")
    await run()
    with monkeypatch.context() as counted:
        counted.setattr(reload, "load_folder", failing(OSError("read again")))
        await run()
    warning, gauge = warning_and_gauge(runtime)
    assert warning is not None and "units.csv line 1" in warning
    assert (gauge, runtime.registers) == (1, registers)
    units.write_text(valid_text)
    await run()
    assert warning_and_gauge(runtime) == (None, 0)


async def test_changed_file_of_the_same_size_and_time_is_detected(runtime: Runtime) -> None:
    run, units = reload_registers(runtime), runtime.settings.config_dir / "units.csv"
    await run()
    before, text = units.stat(), units.read_text()
    units.write_text(text.replace(",false,", ",maybe,"))
    os.utime(units, ns=(before.st_atime_ns, before.st_mtime_ns))
    await run()
    warning, _ = warning_and_gauge(runtime)
    assert warning is not None and "'maybe' must be true or false" in warning


async def test_corrected_permissions_are_detected(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    run, units = reload_registers(runtime), runtime.settings.config_dir / "units.csv"
    with monkeypatch.context() as broken:
        broken.setattr(reload, "load_folder", failing(PermissionError(13, "Permission denied")))
        await run()
    await run()
    assert warning_and_gauge(runtime)[1] == 1, "nothing has changed"
    units.chmod(0o640)
    await run()
    assert warning_and_gauge(runtime) == (None, 0)
