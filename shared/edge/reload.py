"""Taking over registers that people changed, while the service runs."""

from pathlib import Path

from shared.edge.runtime import Runtime
from shared.edge.watch import Task
from shared.postgres.registers import current_version, load
from shared.registers import RegisterError, Registers, load_folder


def reload_registers(runtime: Runtime) -> Task:
    """Take over a changed folder of registers; a wrong one is told and changes nothing.

    The first run looks whatever happened: the folder may have changed while Kafka or PostgreSQL was awaited.
    """
    seen: object = None

    async def run() -> None:
        nonlocal seen
        now: object = None
        try:
            now = fingerprint(runtime.settings.config_dir)
            if now == seen:
                return
            registers = load_folder(runtime.settings.config_dir)
        except (RegisterError, OSError) as error:
            runtime.health.warn("registers", f"changed and wrong, the old ones stay: {error}")
            runtime.metrics.registers_wrong.set(1)
            runtime.logger.error("registers are wrong, the old ones stay", extra={"problems": str(error)})
        else:
            if registers.version != runtime.registers.version:
                await _take_over(runtime, registers)
            runtime.health.warn("registers", None)
            runtime.metrics.registers_wrong.set(0)
        seen = now  # not where the store was away: it is tried again

    return run


async def _take_over(runtime: Runtime, registers: Registers) -> None:
    async with runtime.pool.acquire() as connection:
        await load(connection, registers, replaces=runtime.registers.version)
    runtime.registers = registers
    for use in runtime.on_registers:
        use(registers)
    runtime.logger.info("registers taken over", extra={"version": registers.version})


def compare_registers(runtime: Runtime) -> Task:
    """Say by which version of the registers the service runs, and warn while the database holds another one."""
    outdated = False

    async def run() -> None:
        nonlocal outdated
        async with runtime.pool.acquire() as connection:
            current = await current_version(connection)
        version = runtime.registers.version
        runtime.metrics.register_version(version, outdated=current != version)
        if (current != version) is not outdated:
            outdated = current != version
            sentence = f"this service runs by version {version}, the database holds {current}" if outdated else None
            runtime.health.warn("register_version", sentence)
            if outdated:
                runtime.logger.warning("registers are not those of the database", extra={"version": version})

    return run


def fingerprint(folder: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Names, sizes and times of a folder's files: cheap to compare, different after any edit.

    The time of the last change tells of permissions that were mended, and of copies that keep the times of their
    originals.
    """
    files = ((file.name, file.stat()) for file in folder.iterdir() if file.is_file())
    return tuple(sorted((name, at.st_size, at.st_mtime_ns, at.st_ctime_ns) for name, at in files))
