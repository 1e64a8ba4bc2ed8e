"""`hva simulate`: writes events of plausible counties as JSON Lines for `hva load`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from deploy.hva.output import discard_output, print_text

if TYPE_CHECKING:
    from deploy.simulate import Options
    from deploy.simulate.write import OnWritten

Until = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="First day that is not simulated (default: today in Helsinki)"),
]


def register(app: typer.Typer) -> None:
    @app.command()
    def simulate(
        days: Annotated[int, typer.Option(metavar="N", help="Number of days before --until")] = 365,
        clients: Annotated[int, typer.Option(metavar="N", help="Number of clients in all counties")] = 2000,
        seed: Annotated[int, typer.Option(metavar="S", help="Equal options and seed give equal output")] = 1,
        rate: Annotated[float | None, typer.Option(metavar="R", help="Events per second, for a live feed")] = None,
        out: Annotated[
            Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Output file (default: standard output)")
        ] = None,
        counties: Annotated[str, typer.Option(help="Comma-separated")] = "oma-hame,pirha",
        until: Until = None,
        bad: Annotated[float, typer.Option(metavar="SHARE", help="Share of invalid events, 0 to 1")] = 0.003,
        erasures: Annotated[int, typer.Option(metavar="N", help="Number of erasures")] = 0,
    ) -> None:
        """Write events of plausible counties, one per line, in order of arrival."""
        from deploy.simulate import Options

        last = until.date() if until else _today()
        if rate is not None and rate <= 0:
            raise typer.BadParameter("rate must be above 0.")
        try:
            options = Options(last, days, clients, seed, tuple(counties.split(",")), bad, erasures)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        _warn_of_missing_units(options)
        try:
            with _opened(out) as file, _progress() as on_written:
                total = _write(options, file, rate, on_written)
        except BrokenPipeError:
            discard_output()
            return
        except OSError as error:
            print_text(f"The events could not be written: {error.strerror}.", err=True)
            raise typer.Exit(1) from error
        if out is not None:
            print_text(f"Wrote {total} events to {out}.")


def _today() -> date:
    from shared.clock import system_clock
    from shared.registers.calendar import local_day

    return local_day(system_clock())


def _write(options: "Options", file: BinaryIO, rate: float | None, on_written: "OnWritten") -> int:
    import time

    from deploy.simulate import stream
    from deploy.simulate.write import write, write_paced

    if rate is None:
        return write(stream(options), file, on_written)
    return write_paced(stream(options), file, rate, time.monotonic, time.sleep, on_written)


@contextmanager
def _opened(out: Path | None) -> Iterator[BinaryIO]:
    if out is None:
        yield sys.stdout.buffer
        return
    with out.open("wb") as file:
        yield file


@contextmanager
def _progress() -> Iterator["OnWritten"]:
    """A running count of events, on a terminal only. The total is not known in advance."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("simulating {task.completed:.0f} events"), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("simulating", total=None)
        yield lambda lines: bar.advance(task, lines)


def _warn_of_missing_units(options: "Options") -> None:
    """Warn on standard error when the registers in use lack simulated units."""
    from deploy.embedded.services import config_dir
    from deploy.simulate.county_plans import missing_units
    from shared.registers import RegisterError, load_folder

    try:
        known = load_folder(config_dir()).known_units
    except RegisterError:
        return  # `hva doctor` reports this; a simulation needs no registers
    missing = missing_units(options.counties, known)
    if missing:
        shown = ", ".join(missing[:5])
        print_text(
            f"units.csv lacks {len(missing)} units of the simulation ({shown}): their events will be rejected; "
            "simulate with the default registers or add the units.",
            err=True,
        )
