"""`hva check`: validates the lines of a file as ingest does, and sends nothing."""

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

_CANNOT_VALIDATE = 2


def register(app: typer.Typer) -> None:
    @app.command()
    def check(
        files: Annotated[list[Path], EVENT_FILES],
        json: AsJson = False,
        dir: Dir = None,
    ) -> None:
        """Validate events, one per line, without sending them. Prints line, field and reason of each rejected event."""
        lines: list[dict[str, Any]] = []
        summary: dict[str, Any] = {}
        for verdict in verdicts(registers_folder(dir), files):
            if "summary" in verdict:
                summary = verdict["summary"]
            elif json:
                lines.append(verdict)
            else:
                print_text(as_text(verdict))
        if json:
            print_data(json_text.dumps({**summary, "lines": lines}))
        else:
            print_text(_summary_text(summary))
        raise typer.Exit(1 if summary["rejected"] else 0)


def registers_folder(folder: Path | None) -> Path:
    """The register folder of ingest: HVA_CONFIG_DIR, else that of the embedded run, else the default."""
    if not os.environ.get("HVA_CONFIG_DIR"):
        try:
            run = live_run(folder)
        except VerbError:
            pass  # nothing runs here, and a check needs no run
        else:
            return Path(run.config_dir) if run.config_dir else config_dir()
    return config_dir()


def verdicts(registers: Path, files: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """The verdicts of ingest, then its summary. It runs as a process because this package imports no service.

    Raises VerbError when ingest cannot validate: unusable registers, or a file that does not hold lines of text.
    """
    command = [sys.executable, "-m", "services.ingest.check", str(registers), *map(str, files)]
    # A file may be a pipe of the shell (/dev/fd/63), so the child process inherits open descriptors.
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, close_fds=False) as process:
        assert process.stdout is not None and process.stderr is not None
        for line in process.stdout:
            yield json_text.loads(line)
        errors = process.stderr.read().decode("utf-8", "replace").strip()
    if process.returncode == _CANNOT_VALIDATE:
        raise VerbError(*errors.split("\n"))
    if process.returncode not in (0, 1) or errors:
        raise VerbError(f"The check failed: {errors.splitlines()[-1] if errors else process.returncode}")


def as_text(verdict: dict[str, Any]) -> str:
    """One verdict as `file:line: reason: field: detail`."""
    field = f"{verdict['field']}: " if verdict["field"] else ""
    return f"{verdict['file']}:{verdict['line']}: {verdict['reason']}: {field}{verdict['detail']}"


def _summary_text(summary: dict[str, Any]) -> str:
    reasons = ", ".join(f"{reason} {count}" for reason, count in summary["reasons"].items())
    unknown = summary["unknown_fields"]
    text = f"{plural(summary['checked'], 'event')} checked, {summary['rejected']} would be rejected"
    text += f" ({reasons})" if reasons else ""
    return f"{text}; {unknown} unknown fields would be dropped." if unknown else f"{text}."
