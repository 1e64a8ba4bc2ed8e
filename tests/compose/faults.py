"""Bad input and servers that come late: one clear sentence, and health once the cause is gone."""

from pathlib import Path
from typing import Final

from tests.compose.course import SERVICES, must
from tests.compose.stack import Stack, until

_MOST_LINES: Final = 5  # before the sentence, since the start
_STARTED: Final = '"text": "started"'


class _Told:
    """What a service says from now on; of one whose container will be a new one, all that it says."""

    def __init__(self, stack: Stack, service: str, *, new: bool = False) -> None:
        self._stack, self._service = stack, service
        self._before = 0 if new else len(stack.logs(service))

    def sentence(self, words: str) -> None:
        """Wait until it has said so, and see that it says it in few lines."""

        def said() -> str:
            return self._stack.logs(self._service)[self._before :]

        until(f"{self._service} says: {words}", lambda: words in said())
        must("Traceback" not in said(), f"{self._service} shows its inside: {said()[-800:]}")
        first = said().rpartition(words)[0].rpartition(_STARTED)[2].splitlines()
        must(len(first) <= _MOST_LINES, f"{self._service} says much before: {words}")


def wrong_files(stack: Stack) -> None:
    """A wrong register, an empty password: the service says which, and starts by itself once it is mended."""
    _spoil(
        stack,
        (stack.config / "units.csv", b"county,unit\n", "fcr", "fcr cannot start: units.csv line 1"),
        (stack.secrets / "hva_nps", b"", "nps", "HVA_POSTGRES_PASSWORD_FILE: password file hva_nps is empty"),
    )


def empty_tokens(stack: Stack) -> None:
    """The same of the tokens of the gateway, which are read when everything else is there."""
    _spoil(
        stack,
        (stack.secrets / "gateway_tokens", b"", "ingest", "the gateway cannot start: token file gateway_tokens"),
    )


def _spoil(stack: Stack, *cases: tuple[Path, bytes, str, str]) -> None:
    """Spoil files, restart who reads them, hear what they say, mend the files, and wait."""
    right = {file: file.read_bytes() for file, *_ in cases}
    told = {service: _Told(stack, service) for _, _, service, _ in cases}
    for file, text, _, _ in cases:
        file.chmod(0o644)
        file.write_bytes(text)  # in place: Docker mounts the file, not its name
    stack.compose("restart", "--no-deps", *told)
    for _, _, service, sentence in cases:
        told[service].sentence(sentence)
        must(not stack.healthy(service), f"{service} is healthy with a spoilt file")
    for file, text in right.items():
        file.write_bytes(text)
    for service in told:
        until(f"{service} is healthy again by itself", lambda service=service: stack.healthy(service))


def missing_secret(stack: Stack) -> None:
    """Compose itself says which secret is missing."""
    file = stack.secrets / "hva_fcr"
    away = file.rename(stack.folder / "hva_fcr")
    said = stack.compose("up", "--no-deps", "--force-recreate", "--no-start", "fcr", check=False)
    said += stack.compose("start", "fcr", check=False)
    must("hva_fcr" in said and "does not exist" in said, f"a missing secret is not told: {said[-500:]}")
    away.rename(file)
    stack.up("--no-deps", "--force-recreate", "fcr")


def late_servers(stack: Stack) -> None:
    """Kafka and PostgreSQL come after the others: all wait, say so in a sentence, and become healthy by themselves."""
    stack.compose("stop", "kafka", "postgres")
    told = {service: _Told(stack, service) for service in SERVICES}
    stack.compose("restart", "--no-deps", *SERVICES)
    stack.compose("up", "--detach", "--no-deps", "--force-recreate", "migrate", "topics")
    for service in SERVICES:
        told[service].sentence("postgres cannot be reached, waiting")
    _Told(stack, "migrate", new=True).sentence("PostgreSQL cannot be reached")
    _Told(stack, "topics", new=True).sentence("Kafka cannot be reached")
    must(not any(stack.healthy(service) for service in SERVICES), "a service is healthy without Kafka and PostgreSQL")
    stack.compose("start", "postgres")
    for service in SERVICES:
        told[service].sentence("kafka cannot be reached, waiting")
    stack.compose("start", "kafka")
    for service in SERVICES:
        until(f"{service} is healthy by itself", lambda service=service: stack.healthy(service))
    for service in ("migrate", "topics"):
        until(f"{service} has ended well", lambda service=service: _ended(stack, service) == 0)


def _ended(stack: Stack, service: str) -> int | None:
    """With which code the service ended; None while it runs."""
    (state,) = [one["State"] for one in stack.containers(service)]
    return None if state["Running"] else int(state["ExitCode"])
