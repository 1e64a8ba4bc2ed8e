"""`hva check`: what ingest would say about the lines of a file; nothing is sent."""

import json as json_text
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.embedded.services import config_dir
from deploy.hva.context import EVENT_FILES, AsJson, Dir, VerbError, live_run, plural
from deploy.hva.output import print_data, print_text

_CANNOT_JUDGE = 2


def register(app: typer.Typer) -> None:
    @app.command()
    def check(
        files: Annotated[list[Path], EVENT_FILES],
        json: AsJson = False,
        dir: Dir = None,
    ) -> None:
        """Validate events, a line an event, without sending them: says line, field and reason."""
        lines: list[dict[str, Any]] = []
        summary: dict[str, Any] = {}
        for said in verdicts(registers_of(dir), files):
            if "summary" in said:
                summary = said["summary"]
            elif json:
                lines.append(said)
            else:
                print_text(in_words(said))
        if json:
            print_data(json_text.dumps({**summary, "lines": lines}))
        else:
            print_text(_sum_in_words(summary))
        raise typer.Exit(1 if summary["rejected"] else 0)


def registers_of(folder: Path | None) -> Path:
    """The registers that ingest would use: of the environment, else of the run of the folder, else the project's."""
    if not os.environ.get("HVA_CONFIG_DIR"):
        try:
            run = live_run(folder)
        except VerbError:
            pass  # nothing runs; a check needs nothing that does
        else:
            return Path(run.config_dir) if run.config_dir else config_dir()
    return config_dir()


def verdicts(registers: Path, files: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """What ingest says, as it says it. It runs as a process, as services do: this package imports none of them.

    Raises NotSoError when it cannot judge: for the registers, or for a file whose content is no lines of text.
    """
    command = [sys.executable, "-m", "services.ingest.check", str(registers), *map(str, files)]
    # A file may be a pipe of the shell, /dev/fd/63: what this process was given open, that one needs open, too.
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, close_fds=False) as process:
        assert process.stdout is not None and process.stderr is not None
        for line in process.stdout:
            yield json_text.loads(line)
        trouble = process.stderr.read().decode("utf-8", "replace").strip()
    if process.returncode == _CANNOT_JUDGE:
        raise VerbError(*trouble.split("\n"))
    if process.returncode not in (0, 1) or trouble:
        raise VerbError(f"The check broke off: {trouble.splitlines()[-1] if trouble else process.returncode}")


def in_words(said: dict[str, Any]) -> str:
    """A line for people: `file:line: reason: field: detail`."""
    field = f"{said['field']}: " if said["field"] else ""
    return f"{said['file']}:{said['line']}: {said['reason']}: {field}{said['detail']}"


def _sum_in_words(summary: dict[str, Any]) -> str:
    reasons = ", ".join(f"{reason} {count}" for reason, count in summary["reasons"].items())
    unknown = summary["unknown_fields"]
    told = f"{plural(summary['checked'], 'event')} checked, {summary['rejected']} would be rejected"
    told += f" ({reasons})" if reasons else ""
    return f"{told}; {unknown} unknown fields would be left out." if unknown else f"{told}."
