"""`python -m services.ingest.check CONFIG_DIR FILE...`: validates lines of files as ingest does; publishes nothing.

Writes JSON Lines to standard output: an object for every line that ingest would reject, then a summary.
`hva check` runs it as a separate program, because the command shares no code with services.
"""

import secrets
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from services.ingest.themes import Themes
from services.ingest.validate import Accepted, Context, validate
from shared.clock import system_clock
from shared.contracts.route import is_blank, stream_of
from shared.event_files import Blocks, UnreadableFileError, chunks, opened, readable_name
from shared.keys import Key
from shared.pseudonym import Keyring
from shared.registers import RegisterError, Registers, load_folder


def context_of(registers: Registers) -> Context:
    """Validation by these registers at the current time, with a random key: no pseudonym leaves this program."""
    return Context(
        units=registers.known_units,
        sources=registers.sources,
        themes=Themes(registers.themes),
        keyring=Keyring((Key("check", secrets.token_bytes(32)),)),
        now=system_clock(),
    )


def verdicts(name: str, file: Blocks, context: Context, tally: Counter[str]) -> Iterator[dict[str, Any]]:
    """An object for every line that ingest would reject. Lines count from 1; blank lines are skipped.

    Raises UnreadableFileError.
    """
    for number, line in enumerate(chain.from_iterable(lines for _, lines in chunks(file)), 1):
        event = line.removesuffix(b"\n")
        if is_blank(event):
            continue
        verdict = validate(event, (), stream_of(event), context)
        tally["checked"] += 1
        if isinstance(verdict, Accepted):
            tally["unknown_fields"] += verdict.unknown_fields
            continue
        tally[f"rejected {verdict.reason}"] += 1
        field, colon, detail = verdict.detail.rpartition(": ")
        yield {
            "file": name,
            "line": number,
            "field": field if colon else None,
            "reason": verdict.reason,
            "detail": detail,
        }


def summary(tally: Counter[str]) -> dict[str, Any]:
    """Counts of checked and rejected lines, and of rejections by reason."""
    reasons = {key.removeprefix("rejected "): n for key, n in tally.items() if key.startswith("rejected ")}
    return {
        "checked": tally["checked"],
        "rejected": sum(reasons.values()),
        "reasons": dict(sorted(reasons.items())),
        "unknown_fields": tally["unknown_fields"],
    }


def main(arguments: Sequence[str]) -> int:
    """Exit code: 0 when ingest would accept every line, 1 when not, 2 when the registers or a file are unusable."""
    tally: Counter[str] = Counter()
    try:
        context = context_of(load_folder(Path(arguments[0])))
        for path in map(Path, arguments[1:]):
            _check(path, context, tally)
    except (RegisterError, UnreadableFileError) as error:
        sys.stdout.buffer.flush()
        sys.stderr.write(f"{error}\n")
        return 2
    result = summary(tally)
    sys.stdout.buffer.write(orjson.dumps({"summary": result}, option=orjson.OPT_APPEND_NEWLINE))
    return 1 if result["rejected"] else 0


def _check(path: Path, context: Context, tally: Counter[str]) -> None:
    with opened(path) as file:
        try:
            for rejection in verdicts(readable_name(path), file, context, tally):
                sys.stdout.buffer.write(orjson.dumps(rejection, option=orjson.OPT_APPEND_NEWLINE))
        except UnreadableFileError as error:
            raise UnreadableFileError(f"{readable_name(path)}: {error}") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
