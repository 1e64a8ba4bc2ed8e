"""Who is meant by `hva erase`: an identifier to the pseudonyms that every key makes of it. Repeats no identifier."""

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
_UNFIT = re.compile("[\0\ud800-\udfff]")
_LOCAL = ZoneInfo("Europe/Helsinki")


@dataclass(frozen=True, slots=True, repr=False)
class Identifier:
    """What was given on the command line."""

    hetu_from_stdin: bool = False
    local_id: str | None = None
    system: str | None = None
    pid: str | None = None

    def check(self, may_ask: bool) -> None:
        """Raises BadParameter where it names nobody, or where standard input would have to answer twice."""
        from shared.hetu import holds_code

        if self.hetu_from_stdin + (self.local_id is not None) + (self.pid is not None) != 1:
            raise typer.BadParameter("give one of --hetu-from-stdin, --local-id with --system, --pid")
        if (self.local_id is None) != (self.system is None):
            raise typer.BadParameter("--local-id and --system belong together")
        if self.hetu_from_stdin and may_ask and not sys.stdin.isatty():
            raise typer.BadParameter("--hetu-from-stdin needs --yes where standard input is not a terminal")
        if any(holds_code(text) for text in (self.local_id, self.system, self.pid) if text):
            raise typer.BadParameter("a personal identity code is only read from standard input: --hetu-from-stdin")
        if self.local_id is not None and (not 0 < len(self.local_id) <= MAX_LENGTH or _UNFIT.search(self.local_id)):
            raise typer.BadParameter(f"--local-id is not a text of 1-{MAX_LENGTH} characters")
        if self.system is not None and not _NAME.fullmatch(self.system):
            raise typer.BadParameter("--system is not of a-z, 0-9 and -")
        if self.pid is not None and not _PID.fullmatch(self.pid):
            raise typer.BadParameter("--pid is not a pseudonym, <key id>.<22 characters>")


def allowed(config_dir: Path, county: str, source: str | None) -> str:
    """The source of the erasures. Raises BadParameter for one that is none, NotSoError for one that may not write."""
    from shared.registers import RegisterError, load_folder

    try:
        registers = load_folder(config_dir)
    except RegisterError as error:
        raise VerbError(*error.sentences) from None
    if county not in registers.known_units:
        raise typer.BadParameter(f"--county is not of units.csv, which has {', '.join(sorted(registers.known_units))}")
    sender = source or f"urn:hva:{county}:hva"
    if not re.fullmatch(rf"urn:hva:{re.escape(county)}:[a-z0-9-]+", sender):
        raise typer.BadParameter(f"--source is not urn:hva:{county}:<system>: an erasure is of its source's county")
    if not may_write_care(registers.sources, sender):
        raise VerbError(
            f"sources.csv does not let {sender} use the care stream: name a source that may with --source, or add it."
        )
    return sender


def may_write_care(sources: Mapping[str, frozenset[str]] | None, source: str) -> bool:
    """As ingest judges it; without a sources.csv everyone may."""
    return sources is None or "care" in sources.get(source, ())


def pseudonyms(who: Identifier, county: str, key_file: Path | None, now: datetime) -> tuple[str, ...]:
    """Those of the identifier under every key; a `pid` is one. Raises BadParameter, NotSoError."""
    from deploy.hva.rotate_key import keys_of
    from shared.pseudonym import Keyring

    if who.pid is not None:
        return (who.pid,)
    if key_file is None:
        raise VerbError("The keys of pseudonyms are needed to find the person: set HVA_PSEUDONYM_KEY_FILE.")
    keyring = Keyring(keys_of(key_file))
    if who.local_id is not None and who.system is not None:
        first = keyring.of_local(county, who.system, who.local_id)
        return (first, *keyring.others_of_local(county, who.system, who.local_id))
    hetu = _hetu()
    of_first = keyring.of_hetu(county, hetu, now.astimezone(_LOCAL).date())
    if of_first is None:
        raise typer.BadParameter("what standard input holds is not a valid personal identity code")
    return (of_first, *keyring.others_of_hetu(county, hetu))


def _hetu() -> str:
    if sys.stdin.isatty():
        return getpass("Personal identity code (it is not shown): ")
    return sys.stdin.buffer.read().decode("utf-8", "replace")
