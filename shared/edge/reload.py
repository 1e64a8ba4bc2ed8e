"""Reloads changed registers while the service runs."""

from pathlib import Path

from shared.edge.runtime import Runtime
from shared.edge.watch import Task
from shared.postgres.registers import current_version, load
from shared.registers import RegisterError, Registers, load_folder


def reload_registers(runtime: Runtime) -> Task:
    """Load the registers again when their folder changed. Invalid registers are reported and change nothing.

    The first run always loads: the folder may have changed while the service waited for Kafka or PostgreSQL.
    """
    seen: object = None

    async def run() -> None:
        nonlocal seen
        found: object = None
        try:
            found = fingerprint(runtime.settings.config_dir)
            if found == seen:
                return
            registers = load_folder(runtime.settings.config_dir)
        except (RegisterError, OSError) as error:
            runtime.health.warn("registers", f"changed and invalid, the previous ones stay in use: {error}")
            runtime.metrics.registers_wrong.set(1)
            runtime.logger.error("registers are invalid, the previous ones stay in use", extra={"problems": str(error)})
        else:
            if registers.version != runtime.registers.version:
                await _activate(runtime, registers)
            runtime.health.warn("registers", None)
            runtime.metrics.registers_wrong.set(0)
        seen = found  # an error of the database skips this line, so the next run retries

    return run


async def _activate(runtime: Runtime, registers: Registers) -> None:
    async with runtime.background.acquire() as connection:
        await load(connection, registers, replaces=runtime.registers.version)
    runtime.registers = registers
    for callback in runtime.on_registers:
        callback(registers)
    runtime.logger.info("registers loaded", extra={"version": registers.version})


def compare_registers(runtime: Runtime) -> Task:
    """Report the version of the registers in use, and warn while the database holds another one."""
    outdated = False

    async def run() -> None:
        nonlocal outdated
        async with runtime.background.acquire() as connection:
            current = await current_version(connection)
        version = runtime.registers.version
        runtime.metrics.register_version(version, outdated=current != version)
        if (current != version) is not outdated:
            outdated = current != version
            sentence = f"this service uses version {version}, the database holds {current}" if outdated else None
            runtime.health.warn("register_version", sentence)
            if outdated:
                runtime.logger.warning("registers are not those of the database", extra={"version": version})

    return run


def fingerprint(folder: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Return names, sizes and times of a folder's files: cheap to compare, different after any edit.

    The change time (ctime) reveals corrected permissions, and copies that keep the modification times of their
    originals.
    """
    files = ((file.name, file.stat()) for file in folder.iterdir() if file.is_file())
    return tuple(sorted((name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns) for name, stat in files))
