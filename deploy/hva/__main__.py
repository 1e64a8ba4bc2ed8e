"""`hva`: speaks for the whole system. Exit codes: 0 done, 1 not so, 2 used wrongly.

A verb is a module of this package with `register(app)`. Verbs import what is heavy inside their functions:
help has to come at once.
"""

import sys
from importlib import import_module

import typer

from deploy.embedded.faults import EmbeddedError
from deploy.hva.context import NotSoError

VERBS = ("up", "down", "status", "check", "simulate", "load", "wait", "figures", "explain", "deadletters", "doctor")
"""Module names, in the order of `hva --help`."""


def build() -> typer.Typer:
    """The command with all its verbs."""
    app = typer.Typer(
        name="hva",
        help="Steering figures of a wellbeing services county, kept right from event streams.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,  # a traceback with values could show what must not be shown
    )
    for verb in VERBS:
        import_module(f"deploy.hva.{verb}").register(app)
    return app


def main() -> None:
    """Runs one verb; what is not so is one sentence on standard error."""
    try:
        build()()
    except (NotSoError, EmbeddedError) as fault:
        sys.stderr.write(f"{fault}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
