"""Invalid files and servers that start late: a service logs one clear sentence and recovers automatically."""

from pathlib import Path
from typing import Final

from tests.compose.scenario import SERVICES, require
from tests.compose.stack import Stack, wait_until

_MAX_LINES: Final = 5  # between the start and the sentence
_STARTED: Final = '"text": "started"'


class _NewLogs:
    """What a service logs from now on; with `new`, everything its next container logs."""

    def __init__(self, stack: Stack, service: str, *, new: bool = False) -> None:
        self._stack, self._service = stack, service
        self._before = 0 if new else len(stack.logs(service))

    def expect(self, sentence: str) -> None:
        """Wait for the sentence. Few lines and no traceback may come before it."""

        def logged() -> str:
            return self._stack.logs(self._service)[self._before :]

        wait_until(f"{self._service} logs: {sentence}", lambda: sentence in logged())
        require("Traceback" not in logged(), f"{self._service} logs a traceback: {logged()[-800:]}")
        earlier = logged().rpartition(sentence)[0].rpartition(_STARTED)[2].splitlines()
        require(len(earlier) <= _MAX_LINES, f"{self._service} logs too many lines before: {sentence}")


def wrong_files(stack: Stack) -> None:
    """With an invalid register or an empty password the service names the file, and starts once it is repaired."""
    _break_files(
        stack,
        (stack.config / "units.csv", b"county,unit\n", "fcr", "fcr cannot start: units.csv line 1"),
        (stack.secrets / "hva_nps", b"", "nps", "HVA_POSTGRES_PASSWORD_FILE: password file hva_nps is empty"),
    )


def empty_tokens(stack: Stack) -> None:
    """The same for the gateway's tokens, which are read last."""
    _break_files(
        stack,
        (stack.secrets / "gateway_tokens", b"", "ingest", "the gateway cannot start: token file gateway_tokens"),
    )


def _break_files(stack: Stack, *cases: tuple[Path, bytes, str, str]) -> None:
    """Break files, restart their readers, check the logged sentences, repair the files, wait for recovery."""
    originals = {file: file.read_bytes() for file, *_ in cases}
    new_logs = {service: _NewLogs(stack, service) for _, _, service, _ in cases}
    for file, text, _, _ in cases:
        file.chmod(0o644)
        file.write_bytes(text)  # in place: Docker mounts the file, not its name
    stack.compose("restart", "--no-deps", *new_logs)
    for _, _, service, sentence in cases:
        new_logs[service].expect(sentence)
        require(not stack.healthy(service), f"{service} is healthy with an invalid file")
    for file, text in originals.items():
        file.write_bytes(text)
    for service in new_logs:
        wait_until(f"{service} is healthy again", lambda service=service: stack.healthy(service))


def missing_secret(stack: Stack) -> None:
    """Compose itself names the missing secret."""
    file = stack.secrets / "hva_fcr"
    moved = file.rename(stack.folder / "hva_fcr")
    output = stack.compose("up", "--no-deps", "--force-recreate", "--no-start", "fcr", check=False)
    output += stack.compose("start", "fcr", check=False)
    require("hva_fcr" in output and "does not exist" in output, f"a missing secret is not named: {output[-500:]}")
    moved.rename(file)
    stack.up("--no-deps", "--force-recreate", "fcr")


def late_servers(stack: Stack) -> None:
    """Without Kafka and PostgreSQL all services wait and log it in one sentence; later they become healthy."""
    stack.compose("stop", "kafka", "postgres")
    new_logs = {service: _NewLogs(stack, service) for service in SERVICES}
    stack.compose("restart", "--no-deps", *SERVICES)
    stack.compose("up", "--detach", "--no-deps", "--force-recreate", "migrate", "topics")
    for service in SERVICES:
        new_logs[service].expect("postgres cannot be reached, waiting")
    _NewLogs(stack, "migrate", new=True).expect("PostgreSQL cannot be reached")
    _NewLogs(stack, "topics", new=True).expect("Kafka cannot be reached")
    require(
        not any(stack.healthy(service) for service in SERVICES), "a service is healthy without Kafka and PostgreSQL"
    )
    stack.compose("start", "postgres")
    for service in SERVICES:
        new_logs[service].expect("kafka cannot be reached, waiting")
    stack.compose("start", "kafka")
    for service in SERVICES:
        wait_until(f"{service} is healthy", lambda service=service: stack.healthy(service))
    for service in ("migrate", "topics"):
        wait_until(f"{service} has ended with 0", lambda service=service: _ended(stack, service) == 0)


def _ended(stack: Stack, service: str) -> int | None:
    """The exit code of the service; None while it runs."""
    (state,) = [one["State"] for one in stack.containers(service)]
    return None if state["Running"] else int(state["ExitCode"])
