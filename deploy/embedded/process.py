"""Child processes that end with their parent and are recorded in pid files.

A pid file holds the pid and the identity of the process (boot and start time), so that a later run never ends
another process that got the same pid.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.account import Account, user_arguments
from deploy.embedded.files import write_private
from deploy.embedded.run_paths import RunPaths

_PR_SET_PDEATHSIG = 1
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_LOG_LIMIT = 20 * 1024 * 1024  # bytes; a larger log is rotated at a start
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Launch:
    """How one child is started and stopped."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    stop_signal: signal.Signals
    stop_timeout: float  # seconds between the stop signal and SIGKILL
    account: Account | None = None


def identity(pid: int) -> str | None:
    """Distinguishes the process from any other that ever had this pid; None when it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        fields = stat.rpartition(")")[2].split()  # the process name before it may contain any character
        if fields[0] in "ZX":
            return None
        return f"{_BOOT_ID.read_text(encoding='ascii').strip()}:{fields[19]}"
    except OSError:
        if sys.platform == "linux":
            return None
    import psutil

    with contextlib.suppress(psutil.Error):
        return str(psutil.Process(pid).create_time())
    return None


def record(paths: RunPaths, name: str, pid: int) -> None:
    """Writes the pid file of a process of this run."""
    entry = {"pid": pid, "identity": identity(pid)}
    write_private(paths.pids / f"{name}.json", json.dumps(entry))


def recorded(paths: RunPaths, name: str) -> int | None:
    """The pid in the pid file, if the same process still runs."""
    try:
        entry = json.loads((paths.pids / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    pid = int(entry["pid"])
    return pid if entry["identity"] and identity(pid) == entry["identity"] else None


def forget(paths: RunPaths, name: str) -> None:
    (paths.pids / f"{name}.json").unlink(missing_ok=True)


async def spawn(paths: RunPaths, launch: Launch) -> asyncio.subprocess.Process:
    """Starts a child whose output goes to its log file.

    The child gets its own session, so that Ctrl-C in the terminal does not reach it and the supervisor stops the
    children in order. The kernel sends it its stop signal when this process ends for any reason. (The kernel
    watches the thread that forks: call this on a thread that lives as long as the process, like the main one.)
    """
    log = _open_log(paths.log(launch.name))
    try:
        process = await asyncio.create_subprocess_exec(
            *launch.argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(launch.env),
            cwd=launch.cwd,
            start_new_session=True,
            preexec_fn=_signal_on_parent_death(launch.stop_signal),
            **user_arguments(launch.account),
        )
    finally:
        os.close(log)
    record(paths, launch.name, process.pid)
    return process


async def stop(paths: RunPaths, launch: Launch, process: asyncio.subprocess.Process) -> None:
    """Sends the stop signal, and SIGKILL after the timeout."""
    await end(process, launch.stop_signal, launch.stop_timeout)
    forget(paths, launch.name)


async def end(process: asyncio.subprocess.Process, stop_signal: signal.Signals, stop_timeout: float) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(stop_signal)
    try:
        await asyncio.wait_for(process.wait(), stop_timeout)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def end_leftover(paths: RunPaths, name: str, stop_signal: signal.Signals, timeout: float) -> bool:
    """Ends the process that an earlier run of this folder left behind; returns whether there was one."""
    pid = recorded(paths, name)
    if pid is not None:
        before = identity(pid)
        for number in (stop_signal, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            if _wait_for_end(pid, before, timeout):
                break
    forget(paths, name)
    return pid is not None


def tail(path: Path, size: int = 4000) -> str:
    """The end of a log file."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - size))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def last_log_line(path: Path) -> str:
    """The last line of a log; for a structured line (JSON with `text`), its text."""
    line = (tail(path).strip().splitlines() or ["its log is empty"])[-1]
    try:
        return str(json.loads(line)["text"])
    except (ValueError, TypeError, KeyError):
        return line


def _wait_for_end(pid: int, before: str | None, timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if identity(pid) != before:
            return True
        time.sleep(0.02)
    return False


def _open_log(path: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > _LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def _signal_on_parent_death(stop_signal: signal.Signals) -> Callable[[], None] | None:
    if _libc is None:
        return None
    libc, parent = _libc, os.getpid()

    def before_exec() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:  # the parent ended before the line above
            os._exit(1)

    return before_exec
