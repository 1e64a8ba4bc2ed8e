"""The person of `hva erase`: turns an identifier into its pseudonyms under all keys. Messages never quote it."""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from getpass import getpass
from pathlib import Path
from zoneinfo import ZoneInfo

import typer

from deploy.hva.context import VerbError
from shared.contracts.types import MAX_LENGTH, PSEUDONYM

_NAME = re.compile(r"[a-z0-9-]+")
_PID = re.compile(PSEUDONYM[1:-1])
_FORBIDDEN_CHARACTERS = re.compile("[\0\ud800-\udfff]")
_LOCAL = ZoneInfo("Europe/Helsinki")


@dataclass(frozen=True, slots=True, repr=False)
class Identifier:
    """The options that identify a person."""

    hetu_from_stdin: bool = False
    local_id: str | None = None
    system: str | None = None
    pid: str | None = None

    def check(self, may_ask: bool) -> None:
        """Raises BadParameter when the options do not identify one person, or when standard input is needed twice."""
        from shared.hetu import holds_code

        if self.hetu_from_stdin + (self.local_id is not None) + (self.pid is not None) != 1:
            raise typer.BadParameter("give exactly one of --hetu-from-stdin, --local-id with --system, or --pid")
        if (self.local_id is None) != (self.system is None):
            raise typer.BadParameter("give --local-id and --system together")
        if self.hetu_from_stdin and may_ask and not sys.stdin.isatty():
            raise typer.BadParameter("--hetu-from-stdin needs --yes where standard input is not a terminal")
        if any(holds_code(text) for text in (self.local_id, self.system, self.pid) if text):
            raise typer.BadParameter("a personal identity code is only read from standard input: --hetu-from-stdin")
        if self.local_id is not None and (
            not 0 < len(self.local_id) <= MAX_LENGTH or _FORBIDDEN_CHARACTERS.search(self.local_id)
        ):
            raise typer.BadParameter(f"--local-id must be a text of 1-{MAX_LENGTH} characters")
        if self.system is not None and not _NAME.fullmatch(self.system):
            raise typer.BadParameter("--system may hold only a-z, 0-9 and -")
        if self.pid is not None and not _PID.fullmatch(self.pid):
            raise typer.BadParameter("--pid is not a pseudonym, <key id>.<22 characters>")


def allowed_source(config_dir: Path, county: str, source: str | None) -> str:
    """The source of the erasures. Raises BadParameter for a malformed one, VerbError for one that may not send them."""
    from shared.registers import RegisterError, load_folder

    try:
        registers = load_folder(config_dir)
    except RegisterError as error:
        raise VerbError(*error.sentences) from None
    if county not in registers.known_units:
        raise typer.BadParameter(f"--county is not in units.csv, which has {', '.join(sorted(registers.known_units))}")
    sender = source or f"urn:hva:{county}:hva"
    if not re.fullmatch(rf"urn:hva:{re.escape(county)}:[a-z0-9-]+", sender):
        raise typer.BadParameter(
            f"--source is not urn:hva:{county}:<system>: an erasure concerns the county of its source"
        )
    if not may_write_care(registers.sources, sender):
        raise VerbError(
            f"sources.csv does not allow {sender} on the care stream: name another with --source, or add this one."
        )
    return sender


def may_write_care(sources: Mapping[str, frozenset[str]] | None, source: str) -> bool:
    """Whether ingest accepts care events of the source; without sources.csv (None) it accepts all sources."""
    return sources is None or "care" in sources.get(source, ())


def pseudonyms(identifier: Identifier, county: str, key_file: Path | None, now: datetime) -> tuple[str, ...]:
    """The pseudonyms of the identifier under all keys; a `pid` is its own. Raises BadParameter, VerbError."""
    from deploy.hva.rotate_key import keys_of
    from shared.pseudonym import Keyring

    if identifier.pid is not None:
        return (identifier.pid,)
    if key_file is None:
        raise VerbError("The pseudonym keys are needed to find the person: set HVA_PSEUDONYM_KEY_FILE.")
    keyring = Keyring(keys_of(key_file))
    if identifier.local_id is not None and identifier.system is not None:
        first = keyring.of_local(county, identifier.system, identifier.local_id)
        return (first, *keyring.others_of_local(county, identifier.system, identifier.local_id))
    hetu = _hetu()
    of_first = keyring.of_hetu(county, hetu, now.astimezone(_LOCAL).date())
    if of_first is None:
        raise typer.BadParameter("standard input does not hold a valid personal identity code")
    return (of_first, *keyring.others_of_hetu(county, hetu))


def _hetu() -> str:
    if sys.stdin.isatty():
        return getpass("Personal identity code (not shown while you type): ")
    return sys.stdin.buffer.read().decode("utf-8", "replace")
